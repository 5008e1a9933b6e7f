import type { Writer } from '../../writer.ts'
import { BOND, BOND_SLAVE } from './bond.ts'
import { BRIDGE } from './bridge.ts'
import { BRIDGE_PORT } from './bridge-port.ts'
import { GENEVE } from './geneve.ts'
import { ERSPAN, GRE_TUNNEL, GRETAP, IP6GRE, IP6GRETAP } from './gre.ts'
import { VTI, VTI6, XFRM_INTERFACE } from './ipsec.ts'
import { IPVLAN, IPVTAP } from './ipvlan.ts'
import { MACVLAN, MACVTAP } from './macvlan.ts'
import { NETKIT } from './netkit.ts'
import { TUN } from './tun.ts'
import { IP6TNL, IPIP, SIT } from './tunnel.ts'
import { VLAN } from './vlan.ts'
import { VRF, VRF_SLAVE } from './vrf.ts'
import { VXLAN } from './vxlan.ts'

const KINDS = [
  BOND,
  BRIDGE,
  ERSPAN,
  GENEVE,
  GRETAP,
  GRE_TUNNEL,
  IP6GRE,
  IP6GRETAP,
  IP6TNL,
  IPIP,
  IPVLAN,
  IPVTAP,
  MACVLAN,
  MACVTAP,
  NETKIT,
  SIT,
  TUN,
  VLAN,
  VRF,
  VTI,
  VTI6,
  VXLAN,
  XFRM_INTERFACE,
] as const

const SLAVE_KINDS = [BOND_SLAVE, BRIDGE_PORT, VRF_SLAVE] as const

/** The data of a link, by its `kind`. */
export type LinkInfo = ReturnType<(typeof KINDS)[number]['decode']>

/** What a master keeps of one of its ports; `kind` is the master's. */
export type SlaveInfo = ReturnType<(typeof SLAVE_KINDS)[number]['decode']>

export type BridgeInfo = ReturnType<typeof BRIDGE.decode>
export type BridgePortInfo = ReturnType<typeof BRIDGE_PORT.decode>
export type VxlanInfo = ReturnType<typeof VXLAN.decode>

interface AnyKind<Info> {
  readonly kind: string
  readonly decode: (bytes: Uint8Array, start: number, end: number) => Info
  readonly encode: (writer: Writer, info: never) => void
}

const kinds = new Map<string, AnyKind<LinkInfo>>(KINDS.map((kind) => [kind.kind, kind]))
const slaveKinds = new Map<string, AnyKind<SlaveInfo>>(SLAVE_KINDS.map((kind) => [kind.kind, kind]))

/** Undefined for a kind that has no data or is not known. */
export function decodeLinkInfo(kind: string, bytes: Uint8Array, start: number, end: number): LinkInfo | undefined {
  return kinds.get(kind)?.decode(bytes, start, end)
}

export function decodeSlaveInfo(kind: string, bytes: Uint8Array, start: number, end: number): SlaveInfo | undefined {
  return slaveKinds.get(kind)?.decode(bytes, start, end)
}

/** Writes the attributes of IFLA_INFO_DATA. */
export function encodeLinkInfo(writer: Writer, info: LinkInfo): void {
  kinds.get(info.kind)?.encode(writer, info as never)
}

/** Writes the attributes of IFLA_INFO_SLAVE_DATA. */
export function encodeSlaveInfo(writer: Writer, info: SlaveInfo): void {
  slaveKinds.get(info.kind)?.encode(writer, info as never)
}
