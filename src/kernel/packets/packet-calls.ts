import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { TsnetError } from '../../errors.ts'
import type { BpfProgram } from './bpf.ts'

/** A namespace that this thread can enter for something synchronous: a NamespaceSession. */
export interface NamespaceEntry {
  inside<T>(action: () => T): T
}

/** linux/if_packet.h, linux/if_ether.h, asm-generic/socket.h. */
const AF_PACKET = 17
const SOCK_RAW = 3
const SOCK_CLOEXEC_NONBLOCK = 0o2004000
const ETH_P_ALL = 3
const SO_ATTACH_FILTER = 26
export const SOL = { SOCKET: 1, PACKET: 263 } as const
export const PACKET = { RX_RING: 5, STATISTICS: 6, AUXDATA: 8, VERSION: 10 } as const

type Native = (...args: unknown[]) => number

const library = koffi.load(null)
const declared = new Map<string, Native>()

/** A function of the C library, declared at first use. */
export function native(prototype: string): Native {
  let found = declared.get(prototype)
  if (!found) {
    found = library.func(prototype) as unknown as Native
    declared.set(prototype, found)
  }
  return found
}

/**
 * A packet socket of a namespace, bound to nothing: nothing arrives before its filter is in place.
 *
 * @throws TsnetError `privilege`, `vanished`, `failed`
 */
export function openDescriptor(entry: NamespaceEntry): number {
  const type = SOCK_RAW | SOCK_CLOEXEC_NONBLOCK
  return entry.inside(() => checked('socket', native('int socket(int, int, int)')(AF_PACKET, type, 0)))
}

/** From now on frames arrive. @param link ifindex, 0 = of every interface */
export function bindTo(fd: number, link: number): void {
  const address = new Uint8Array(20)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, ETH_P_ALL)
  view.setInt32(4, link, true)
  checked('bind', native('int bind(int, const void *, uint32_t)')(fd, address, address.length))
}

export function setOption(fd: number, level: number, option: number, value: number | Uint32Array): void {
  const bytes = typeof value === 'number' ? Uint32Array.of(value) : value
  const call = native('int setsockopt(int, int, int, const void *, uint32_t)')
  checked('setsockopt', call(fd, level, option, bytes, bytes.byteLength))
}

export interface PacketStatistics {
  /** That the filter let through. */
  readonly packets: number
  /** Of them, those that found no room. */
  readonly drops: number
}

/** Since the last call: struct tpacket_stats, or tpacket_stats_v3, which has a third word. */
export function statisticsOf(fd: number): PacketStatistics {
  const value = new Uint32Array(3)
  const length = Uint32Array.of(value.byteLength)
  const call = native('int getsockopt(int, int, int, void *, void *)')
  checked('statistics', call(fd, SOL.PACKET, PACKET.STATISTICS, value, length))
  const [packets = 0, drops = 0] = value
  return { packets, drops }
}

let isFilterDeclared = false

/** struct sock_fprog (linux/filter.h). */
export function attachFilter(fd: number, { instructions }: BpfProgram): void {
  if (!isFilterDeclared) {
    koffi.struct('tsnet_sock_fprog', { length: 'uint16_t', filter: 'void *' })
    isFilterDeclared = true
  }
  const call = native('int setsockopt(int, int, int, const tsnet_sock_fprog *, uint32_t)')
  const program = { length: instructions.length / 8, filter: instructions }
  checked('attach filter', call(fd, SOL.SOCKET, SO_ATTACH_FILTER, program, 16))
}

const ERRNO_EPERM = 1

/** @throws TsnetError `privilege`, `failed` for a call that says -1 */
export function checked(call: string, result: number): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  const message = `packet socket: ${call}: ${getSystemErrorName(-errno)}`
  if (errno !== ERRNO_EPERM) throw new TsnetError('failed', message)
  throw new TsnetError('privilege', message, {
    hint: 'needs CAP_NET_RAW: run as root, or with --cap-add NET_RAW',
  })
}
