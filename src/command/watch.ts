import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import type { HostEvent } from '../model/event.ts'
import { nearest } from '../model/nearest.ts'
import { selectNamespace } from '../model/select.ts'
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
    await ended
  } finally {
    await host.close()
  }
  return 0
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
