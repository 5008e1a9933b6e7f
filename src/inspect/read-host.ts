import type { ConntrackEntry, HostSnapshot, Kind } from '../model/snapshot.ts'
import { Inspector, type InspectorOptions } from './inspector.ts'

export interface ReadHostOptions extends InspectorOptions {
  readonly kinds: readonly Kind[]
  /**
   * Chooses the namespaces to read from those that exist (by then they are named); default: all. Links and
   * addresses are read of every namespace whenever anything is, so that other ends have names.
   */
  readonly choose?: (host: HostSnapshot) => readonly number[]
  /** Also the connections of the chosen namespaces. */
  readonly connections?: boolean
}

export interface HostReading {
  readonly snapshot: HostSnapshot
  /** By inode; empty unless asked for. */
  readonly connections: ReadonlyMap<number, readonly ConntrackEntry[]>
}

/** Reads this host once. Everything opened is closed again. */
export async function readHost(options: ReadHostOptions): Promise<HostReading> {
  const inspector = new Inspector(options)
  try {
    inspector.discover()
    if (options.choose) return await readChosen(inspector, options, options.choose)
    // Engines answer while the kernel is read.
    const identified = inspector.identify()
    await inspector.read(options.kinds)
    await identified
    return reading(inspector, inspector.inodes, options)
  } finally {
    inspector.close()
  }
}

async function readChosen(
  inspector: Inspector,
  options: ReadHostOptions,
  choose: (host: HostSnapshot) => readonly number[],
): Promise<HostReading> {
  await inspector.identify()
  const chosen = choose(inspector.snapshot())
  if (options.kinds.length > 0) await inspector.read(['links', 'addrs'])
  await inspector.read(
    options.kinds.filter((kind) => kind !== 'links' && kind !== 'addrs'),
    chosen,
  )
  return reading(inspector, chosen, options)
}

function reading(inspector: Inspector, inodes: readonly number[], { connections }: ReadHostOptions): HostReading {
  const wanted = connections === true ? inodes : []
  const found = new Map(wanted.map((inode) => [inode, inspector.readConnections(inode)]))
  return { snapshot: inspector.snapshot(), connections: found }
}
