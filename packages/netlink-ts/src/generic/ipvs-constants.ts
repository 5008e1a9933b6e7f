/** linux/ip_vs.h: generic netlink interface. */
export const IPVS_GENL_NAME = 'IPVS'
export const IPVS_CMD = {
  NEW_SERVICE: 1,
  SET_SERVICE: 2,
  DEL_SERVICE: 3,
  GET_SERVICE: 4,
  NEW_DEST: 5,
  SET_DEST: 6,
  DEL_DEST: 7,
  GET_DEST: 8,
  NEW_DAEMON: 9,
  DEL_DAEMON: 10,
  GET_DAEMON: 11,
  SET_CONFIG: 12,
  GET_CONFIG: 13,
  SET_INFO: 14,
  GET_INFO: 15,
  ZERO: 16,
  FLUSH: 17,
} as const
export const IPVS_CMD_ATTR = {
  SERVICE: 1,
  DEST: 2,
  DAEMON: 3,
  TIMEOUT_TCP: 4,
  TIMEOUT_TCP_FIN: 5,
  TIMEOUT_UDP: 6,
} as const
export const IPVS_SVC_ATTR = {
  AF: 1,
  PROTOCOL: 2,
  ADDR: 3,
  PORT: 4,
  FWMARK: 5,
  SCHED_NAME: 6,
  FLAGS: 7,
  TIMEOUT: 8,
  NETMASK: 9,
  STATS: 10,
  PE_NAME: 11,
  STATS64: 12,
} as const
export const IPVS_DEST_ATTR = {
  ADDR: 1,
  PORT: 2,
  FWD_METHOD: 3,
  WEIGHT: 4,
  U_THRESH: 5,
  L_THRESH: 6,
  ACTIVE_CONNS: 7,
  INACT_CONNS: 8,
  PERSIST_CONNS: 9,
  STATS: 10,
  ADDR_FAMILY: 11,
  STATS64: 12,
  TUN_TYPE: 13,
  TUN_PORT: 14,
  TUN_FLAGS: 15,
} as const
export const IPVS_STATS_ATTR = { CONNS: 1, INPKTS: 2, OUTPKTS: 3, INBYTES: 4, OUTBYTES: 5 } as const
export const IPVS_DAEMON_ATTR = { STATE: 1, MCAST_IFN: 2, SYNC_ID: 3 } as const
export const IPVS_INFO_ATTR = { VERSION: 1, CONN_TAB_SIZE: 2 } as const

/** linux/ip_vs.h: flags of a service. */
export const IP_VS_SVC_F = {
  PERSISTENT: 1,
  HASHED: 2,
  ONEPACKET: 4,
  SCHED1: 8,
  SCHED2: 0x10,
  SCHED3: 0x20,
} as const

/** linux/ip_vs.h: IP_VS_CONN_F_FWD_MASK and the forwarding methods inside it. */
export const IP_VS_CONN_F_FWD_MASK = 7
const FORWARD = ['masq', 'local', 'tunnel', 'route', 'bypass'] as const
export type IpvsForward = (typeof FORWARD)[number]

/** `masq`, `local`, `tunnel`, `route`, `bypass`; the number as text for any other. */
export function ipvsForwardName(connectionFlags: number): string {
  return FORWARD[connectionFlags & IP_VS_CONN_F_FWD_MASK] ?? String(connectionFlags & IP_VS_CONN_F_FWD_MASK)
}

export function ipvsForwardNumber(forward: IpvsForward): number {
  return FORWARD.indexOf(forward)
}

/** linux/ip_vs.h: IP_VS_CONN_F_TUNNEL_TYPE_*. */
const TUNNELS = ['ipip', 'gue', 'gre'] as const

export function ipvsTunnelName(type: number): string {
  return TUNNELS[type] ?? String(type)
}
