import type { PortVlan } from '../../../src/model/snapshot.ts'

/** One link of `ip -j -d link`, in the snapshot's words. */
interface IpLink {
  readonly name: string
  readonly kind: string
  readonly mtu: number
  readonly mac: string | undefined
  /** Sorted. */
  readonly flags: readonly string[]
  readonly operstate: string
  readonly qdisc: string
  /** `info_data`, as ip names its fields. */
  readonly data: Readonly<Record<string, unknown>>
}

interface PrintedLink {
  readonly ifname: string
  readonly mtu: number
  readonly address?: string
  readonly flags: readonly string[]
  readonly operstate: string
  readonly qdisc: string
  readonly link_type: string
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: Readonly<Record<string, unknown>> }
}

export function readIpLinks(output: string): IpLink[] {
  return (JSON.parse(output) as PrintedLink[]).map((link) => ({
    name: link.ifname,
    kind: link.linkinfo?.info_kind ?? link.link_type,
    mtu: link.mtu,
    mac: link.link_type === 'none' ? undefined : link.address,
    flags: [...link.flags].sort(),
    operstate: link.operstate,
    qdisc: link.qdisc,
    data: link.linkinfo?.info_data ?? {},
  }))
}

interface PrintedVlans {
  readonly ifname: string
  readonly vlans: readonly { readonly vlan: number; readonly vlanEnd?: number; readonly flags?: readonly string[] }[]
}

/** `bridge -j vlan`: link name → its VLANs, ranges spread out. */
export function readBridgeVlans(output: string): Record<string, PortVlan[]> {
  const links = JSON.parse(output) as PrintedVlans[]
  return Object.fromEntries(links.map(({ ifname, vlans }) => [ifname, vlans.flatMap(spread)]))
}

function spread({ vlan, vlanEnd = vlan, flags = [] }: PrintedVlans['vlans'][number]): PortVlan[] {
  return Array.from({ length: vlanEnd - vlan + 1 }, (_, position) => ({
    id: vlan + position,
    pvid: flags.includes('PVID'),
    untagged: flags.includes('Egress Untagged'),
  }))
}

/** `tc -j qdisc` as sorted lines `LINK KIND HANDLE`. */
export function readTcQdiscs(output: string): string[] {
  const qdiscs = JSON.parse(output) as { readonly dev: string; readonly kind: string; readonly handle: string }[]
  return qdiscs.map(({ dev, kind, handle }) => `${dev} ${kind} ${handle}`).sort()
}
