import { changeLink, deleteLink, dumpLinks, IFF, type Link, type LinkSettings, type NetlinkSocket } from 'netlink-ts'
import { askKernel, isAbsent } from '../../../driver/kernel-failure.ts'

/** What somebody can set of a link without making it anew. */
export interface KeptLink {
  readonly index: number
  readonly name: string
  readonly settings: LinkSettings
  /** Of a bridge itself. */
  readonly vlanFiltering?: boolean
}

export function readLinks(socket: NetlinkSocket): readonly KeptLink[] {
  return dumpLinks(socket).map((link) => ({
    index: link.index,
    name: link.name,
    settings: settingsOf(link),
    ...(link.info?.kind === 'bridge' && link.info.vlanFiltering !== undefined
      ? { vlanFiltering: link.info.vlanFiltering }
      : {}),
  }))
}

function settingsOf(link: Link): LinkSettings {
  const { mtu, mac, master, slave } = link
  return {
    up: (link.flags & IFF.UP) !== 0,
    mtu,
    mac,
    arp: (link.flags & IFF.NOARP) === 0,
    master: master ?? 0,
    ...(slave?.kind === 'bridge' ? { slave: portSettings(slave) } : {}),
  }
}

type Slave = Extract<NonNullable<Link['slave']>, { kind: 'bridge' }>

/** Of a bridge port what is not worked out by the bridge. */
function portSettings(port: Slave): Slave {
  const { hairpin, isolated, learning, flood, multicastFlood, broadcastFlood, guard, rootBlock, fastLeave } = port
  const { proxyArp, proxyArpWifi, neighSuppress, vlanTunnel, locked, cost, priority } = port
  return {
    kind: 'bridge',
    ...{ hairpin, isolated, learning, flood, multicastFlood, broadcastFlood, guard, rootBlock, fastLeave },
    ...{ proxyArp, proxyArpWifi, neighSuppress, vlanTunnel, locked, cost, priority },
  } as Slave
}

/** Takes away links that were not there, and sets the others as they were. */
export function restoreLinks(socket: NetlinkSocket, place: string, kept: readonly KeptLink[]): void {
  const known = new Map(kept.map((link) => [link.index, link]))
  for (const { index, name } of readLinks(socket)) {
    if (!known.has(index))
      unlessGone(() => askKernel(`${place}: delete ${name}`, () => socket.request(deleteLink({ index }))))
  }
  // a bridge follows its ports, unless somebody sets it
  for (const now of readLinks(socket).toSorted((a, b) => Number(isBridge(a)) - Number(isBridge(b)))) {
    const before = known.get(now.index)
    if (before !== undefined) restoreLink(socket, place, { before, now })
  }
}

function isBridge({ vlanFiltering }: KeptLink): boolean {
  return vlanFiltering !== undefined
}

interface Versions {
  readonly before: KeptLink
  readonly now: KeptLink
}

function restoreLink(socket: NetlinkSocket, place: string, { before, now }: Versions): void {
  const set = (settings: Parameters<typeof changeLink>[1]): void => {
    askKernel(`${place}: ${before.name}`, () => socket.request(changeLink(before.index, settings)))
  }
  const { slave, up, ...own } = before.settings
  // a driver may want its link down for a new address, and a new master up
  const changed = Object.entries(own).filter(([key, value]) => value !== now.settings[key as keyof typeof own])
  if (changed.length > 0) set(Object.fromEntries(changed))
  if (slave !== undefined && JSON.stringify(slave) !== JSON.stringify(now.settings.slave)) set({ slave })
  if (before.vlanFiltering !== undefined && before.vlanFiltering !== now.vlanFiltering) {
    set({ info: { kind: 'bridge', vlanFiltering: before.vlanFiltering } as never })
  }
  if (before.name !== now.name) set({ up: false, name: before.name })
  if (up !== undefined && (up !== now.settings.up || before.name !== now.name)) set({ up })
}

/** The other end of a pair went first. */
function unlessGone(action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}
