import { cursorOf, type Message } from '../message.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import { RTM } from './rtnetlink.ts'

/** linux/net_namespace.h */
export const NETNSA = { NSID: 1, PID: 2, FD: 3, TARGET_NSID: 4, CURRENT_NSID: 5 } as const

/** NETNSA_NSID_NOT_ASSIGNED: the namespace has no id here; asked to assign one, the kernel chooses it. */
export const NSID_NOT_ASSIGNED = -1

/** The id that one namespace has for another (RTM_NEWNSID). Ids are local to the namespace that uses them. */
export interface Nsid {
  /** -1 = none. */
  nsid: number
  /** The id as seen from the asking socket's own namespace, when it asked on behalf of another. */
  currentNsid: number | undefined
}

/** struct rtgenmsg */
const HEADER_BYTES = 1

export function decodeNsid(message: Message): Nsid {
  const cursor = cursorOf(message, HEADER_BYTES)
  const nsid: Nsid = { nsid: NSID_NOT_ASSIGNED, currentNsid: undefined }
  while (cursor.next()) {
    if (cursor.type === NETNSA.NSID) nsid.nsid = cursor.s32()
    else if (cursor.type === NETNSA.CURRENT_NSID) nsid.currentNsid = cursor.s32()
  }
  return nsid
}

/** All ids that the socket's namespace has given. */
export function dumpNsids(socket: NetlinkSocket): Nsid[] {
  return socket.dump({ type: RTM.GETNSID, fill: (writer) => writer.zeros(4) }, decodeNsid)
}

/** The id that the socket's namespace has for another one; -1 when it has none. */
export function getNsid(socket: NetlinkSocket, target: { readonly fd: number } | { readonly pid: number }): number {
  const [found] = socket.request({ type: RTM.GETNSID, fill: nsidFill(target) }, decodeNsid)
  return found?.nsid ?? NSID_NOT_ASSIGNED
}

/** Gives a namespace an id (RTM_NEWNSID): `nsid`, or one that the kernel chooses. */
export function assignNsid(target: { readonly fd: number } | { readonly pid: number }, nsid?: number): Request {
  const fill = nsidFill(target)
  return {
    type: RTM.NEWNSID,
    fill: (writer) => {
      fill(writer)
      writer.attribute(NETNSA.NSID, (value) => value.s32(nsid ?? NSID_NOT_ASSIGNED))
    },
  }
}

function nsidFill(target: { readonly fd: number } | { readonly pid: number }): NonNullable<Request['fill']> {
  return (writer) => {
    writer.zeros(4)
    if ('fd' in target) writer.u32Attribute(NETNSA.FD, target.fd)
    else writer.u32Attribute(NETNSA.PID, target.pid)
  }
}
