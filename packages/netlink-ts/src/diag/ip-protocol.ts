/** linux/in.h; above 255 only in socket calls. RAW stands for raw sockets of any protocol. */
export const IPPROTO = {
  ICMP: 1,
  IGMP: 2,
  IPIP: 4,
  TCP: 6,
  UDP: 17,
  DCCP: 33,
  IPV6: 41,
  GRE: 47,
  ESP: 50,
  AH: 51,
  ICMPV6: 58,
  OSPF: 89,
  COMP: 108,
  VRRP: 112,
  SCTP: 132,
  UDPLITE: 136,
  RAW: 255,
  MPTCP: 262,
} as const

const NAMES = new Map<number, string>(Object.entries(IPPROTO).map(([name, number]) => [number, name.toLowerCase()]))

/** `tcp`, `udp`, `icmpv6`…; the number as text when it has no name here. */
export function ipProtocolName(protocol: number): string {
  return NAMES.get(protocol) ?? String(protocol)
}
