import { examine } from '../checks/doctor/examine.ts'
import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import type { HostReading } from '../inspect/read-host.ts'
import type { Examination } from '../model/finding.ts'
import { selectNamespace } from '../model/select.ts'
import { type HostSnapshot, KINDS } from '../model/snapshot.ts'
import { ownerOptionsOf, readSnapshotFile } from './facts.ts'

/** What `doctor` looks at: this host, once or twice, or files. */
export interface DoctorReading {
  readonly snapshots: readonly HostSnapshot[]
  readonly before?: readonly HostSnapshot[]
  readonly connections?: readonly HostReading['connections'][]
}

export async function readDoctorFacts(context: Pick<Context, 'options' | 'output'>): Promise<DoctorReading> {
  const { options, output } = context
  const files = options.list('from')
  const waitMs = watchMs(options.text('watch'))
  if (files.length > 0) {
    if (waitMs > 0) throw new TsnetError('usage', 'doctor --watch: a saved snapshot does not change')
    return { snapshots: files.map(readSnapshotFile) }
  }
  const { readHost } = await import('../inspect/read-host.ts')
  const read = () => readHost({ kinds: KINDS, engines: ownerOptionsOf({ options }), connections: true })
  const before = waitMs === 0 ? undefined : (await read()).snapshot
  if (waitMs > 0) {
    output.note(`watching for ${waitMs / 1000} s; ctrl-C ends it early`)
    await pause(waitMs)
  }
  const { snapshot, connections } = await read()
  return { snapshots: [snapshot], connections: [connections], ...(before === undefined ? {} : { before: [before] }) }
}

const LONGEST_WATCH_MS = 3_600_000

/** `10s`, `500ms`, `2m`, or seconds. */
function watchMs(text: string | undefined): number {
  if (text === undefined) return 0
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? []
  const value = Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? 1000)
  if (number !== '' && value > 0 && value <= LONGEST_WATCH_MS) return value
  throw new TsnetError('usage', `--watch ${text}: want a time such as 10s, up to an hour`)
}

function pause(waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      process.off('SIGINT', done)
      resolve()
    }
    const timer = setTimeout(done, waitMs)
    process.once('SIGINT', done)
  })
}

export function examineFacts({ options }: Pick<Context, 'options'>, facts: DoctorReading): Examination {
  const { snapshots, ...more } = facts
  const selectors = options.list('netns')
  const wanted = new Set(
    selectors.flatMap((selector) => snapshots.map((snapshot) => selectNamespace(snapshot, selector).inode)),
  )
  return examine(snapshots, {
    ...more,
    all: options.has('all'),
    ...(selectors.length === 0 ? {} : { namespaces: wanted }),
  })
}
