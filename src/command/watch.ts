import { setTimeout } from 'node:timers/promises'
import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import type { HostEvent } from '../model/event.ts'
import { nearest } from '../model/nearest.ts'
import { selectNamespace } from '../model/select.ts'
import type { HostSnapshot } from '../model/snapshot.ts'
import { formatEvent } from '../report/event.ts'
import { ownerOptionsOf } from './facts.ts'
import { jsonText } from './output.ts'

export const EVENT_KINDS: readonly HostEvent['kind'][] = [
  'namespace',
  'link',
  'address',
  'route',
  'rule',
  'neighbour',
  'fdb',
  'nft',
  'conntrack',
]

/** `watch`: one line an event until the person has seen enough. */
export async function watch(context: Context): Promise<number> {
  const { options, output } = context
  const kinds = wantedKinds(options.text('kinds'))
  const conntrack = options.has('conntrack') || (options.has('kinds') && kinds.has('conntrack'))
  const [{ openLiveHost }, { inodeOfPath, inodeOfPid }] = await Promise.all([
    import('../inspect/live.ts'),
    import('../kernel/namespaces.ts'),
  ])
  const everyMs = countersMs(options)
  const ended = interruption()
  const host = await openLiveHost({ engines: ownerOptionsOf(context), conntrack })
  try {
    const resolver = { inodeOfPath, inodeOfPid }
    const selectors = options.list('netns')
    const inodes = new Set(selectors.map((each) => selectNamespace(host.snapshot, each, resolver).inode))
    host.onEvent((event) => {
      if (!kinds.has(event.kind) || (inodes.size > 0 && !inodes.has(event.namespace.inode))) return
      output.write(`${options.has('json') ? jsonText(event, false) : formatEvent(event)}\n`)
    })
    if (!options.has('json')) output.note('watching; ctrl-C ends it')
    if (everyMs === undefined) await ended
    else await printSamples(context, everyMs, ended)
  } finally {
    await host.close()
  }
  return 0
}

const SHORTEST_MS = 100
const LONGEST_MS = 3_600_000

/** Undefined without `--counters`. */
function countersMs(options: Context['options']): number | undefined {
  const text = options.text('counters')
  if (text === undefined) return undefined
  if (!options.has('json')) throw new TsnetError('usage', 'watch --counters: goes with --json')
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? []
  const value = Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? 1000)
  if (number !== '' && value >= SHORTEST_MS && value <= LONGEST_MS) return value
  throw new TsnetError('usage', `--counters ${text}: want a time such as 1s, 100ms at least`)
}

/** All counters again and again, a line each time, until it is ended. */
async function printSamples(context: Context, everyMs: number, ended: Promise<void>): Promise<void> {
  const [{ Sampler }, { inodeOfPath, inodeOfPid }] = await Promise.all([
    import('../inspect/sampler.ts'),
    import('../kernel/namespaces.ts'),
  ])
  const selectors = context.options.list('netns')
  const choose = (snapshot: HostSnapshot) =>
    new Set(selectors.map((each) => selectNamespace(snapshot, each, { inodeOfPath, inodeOfPid }).inode))
  const sampler = new Sampler({ engines: ownerOptionsOf(context) })
  let isEnded = false
  const end = ended.then(() => {
    isEnded = true
  })
  try {
    while (!isEnded) {
      const pause = new AbortController()
      const startMs = performance.now()
      const sample = await sampler.sample(selectors.length === 0 ? undefined : choose)
      context.output.write(`${jsonText(sample, false)}\n`)
      const waitMs = Math.max(0, everyMs - (performance.now() - startMs))
      await Promise.race([end, setTimeout(waitMs, undefined, { signal: pause.signal }).catch(() => undefined)])
      pause.abort()
    }
  } finally {
    sampler.close()
  }
}

/** Lost events are told whatever was asked for. */
function wantedKinds(text: string | undefined): ReadonlySet<HostEvent['kind']> {
  const words = text?.split(',').map((word) => word.trim())
  const kinds = words?.map(kindNamed) ?? EVENT_KINDS
  return new Set([...kinds, 'overrun'])
}

function kindNamed(word: string): HostEvent['kind'] {
  const kind = EVENT_KINDS.find((each) => each === word)
  if (kind !== undefined) return kind
  const close = nearest(word, EVENT_KINDS)
  throw new TsnetError('usage', `watch ${word}: no such kind of event`, {
    hint: close.length > 0 ? `Did you mean ${close.join(', ')}?` : `Kinds: ${EVENT_KINDS.join(' ')}`,
  })
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
}
