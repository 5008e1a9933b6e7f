import type { FdbEntry, Link } from '../../model/snapshot.ts'
import type { Run } from '../run.ts'
import { linkOf, type Space } from '../world.ts'

/** Where a bridge sends a MAC: up to the namespace, to a port, or to nobody in particular. */
export type FdbResult =
  | { readonly kind: 'local' }
  | { readonly kind: 'port'; readonly port: Link; readonly text: string }
  | { readonly kind: 'unknown' }

const indexes = new WeakMap<readonly FdbEntry[], ReadonlyMap<string, readonly FdbEntry[]>>()

/** Entries of a MAC, of every bridge and device of the namespace. */
export function entriesOf({ namespace: { fdb } }: Space, mac: string): readonly FdbEntry[] {
  let index = indexes.get(fdb)
  if (index === undefined) {
    const building = new Map<string, FdbEntry[]>()
    for (const entry of fdb) {
      const list = building.get(entry.mac)
      if (list === undefined) building.set(entry.mac, [entry])
      else list.push(entry)
    }
    index = building
    indexes.set(fdb, index)
  }
  return index.get(mac) ?? []
}

export function lookupFdb(run: Run, space: Space, bridge: Link, mac: string, vlan: number | undefined): FdbResult {
  if (isLocalMac(space, bridge, mac)) return { kind: 'local' }
  const learned = run.learned.get(bridge)?.get(mac)
  const entry = entriesOf(space, mac).find((each) => isOfBridge(each, bridge, vlan))
  const index = learned ?? entry?.link
  const port = typeof index === 'number' ? linkOf(space, index) : undefined
  if (port === undefined || port.master !== bridge.index) return { kind: 'unknown' }
  const how = learned !== undefined ? 'learned just now' : (entry?.states.join(' ') ?? '')
  return { kind: 'port', port, text: `FDB ${mac} → ${port.name}${how === '' ? '' : ` (${how})`}` }
}

const portMacs = new WeakMap<readonly Link[], ReadonlySet<string>>()

/** The bridge's own MAC and those of its ports lead up. */
function isLocalMac({ namespace: { links } }: Space, bridge: Link, mac: string): boolean {
  if (bridge.mac === mac) return true
  let macs = portMacs.get(links)
  if (macs === undefined) {
    macs = new Set(links.map((link) => `${link.master} ${link.mac}`))
    portMacs.set(links, macs)
  }
  return macs.has(`${bridge.index} ${mac}`)
}

function isOfBridge({ master, states, vlan }: FdbEntry, bridge: Link, wanted: number | undefined): boolean {
  if (master !== bridge.index || states.includes('permanent')) return false
  return wanted === undefined || vlan === undefined || vlan === wanted
}

/** What a bridge remembers of a frame that came in by a port. */
export function learn(run: Run, bridge: Link, mac: string, port: Link): void {
  let table = run.learned.get(bridge)
  if (table === undefined) {
    table = new Map()
    run.learned.set(bridge, table)
  }
  table.set(mac, port.index)
}
