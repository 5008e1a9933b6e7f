import { formatIpv4, formatIpv6 } from '../address.ts'
import { malformed } from '../error.ts'
import { AF } from '../libc.ts'

/** A raw socket as /proc/net/raw and /proc/net/raw6 show it, on kernels without INET_RAW_DIAG. */
export interface ProcRawSocket {
  /** AF_INET or AF_INET6. */
  readonly family: number
  readonly source: string
  /** IPPROTO_* that it takes. */
  readonly protocol: number
  readonly destination: string
  /** TCP_STATE: ESTABLISHED when connected, else CLOSE. */
  readonly state: number
  /** Bytes. */
  readonly sendQueue: number
  readonly receiveQueue: number
  readonly uid: number
  readonly inode: number
}

/**
 * Text of /proc/net/raw or raw6 (proc(5); net/ipv4/raw.c). Addresses are 32-bit words in host byte order.
 * Throws `malformed` on a line that is no socket.
 */
export function parseProcRaw(table: string): ProcRawSocket[] {
  const [, ...lines] = table.split('\n')
  return lines.filter((line) => line.trim() !== '').map(parseLine)
}

const LINE =
  /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4} ([0-9A-F]{2}) ([0-9A-F]{8}):([0-9A-F]{8}) \S+ \S+\s+(\d+)\s+\d+ (\d+)/

function parseLine(line: string): ProcRawSocket {
  const columns = LINE.exec(line)
  if (!columns) throw malformed(`/proc/net/raw: ${JSON.stringify(line.slice(0, 200))}`)
  const [, source, protocol, destination, state, sendQueue, receiveQueue, uid, inode] = columns as unknown as string[]
  return {
    family: source?.length === 8 ? AF.INET : AF.INET6,
    source: parseWords(source as string),
    protocol: Number.parseInt(protocol as string, 16),
    destination: parseWords(destination as string),
    state: Number.parseInt(state as string, 16),
    sendQueue: Number.parseInt(sendQueue as string, 16),
    receiveQueue: Number.parseInt(receiveQueue as string, 16),
    uid: Number(uid),
    inode: Number(inode),
  }
}

function parseWords(hex: string): string {
  const bytes = new Uint8Array(hex.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    const inWord = (at & ~3) + 3 - (at & 3)
    bytes[at] = Number.parseInt(hex.slice(inWord * 2, inWord * 2 + 2), 16)
  }
  return bytes.length === 4 ? formatIpv4(bytes, 0) : formatIpv6(bytes, 0)
}
