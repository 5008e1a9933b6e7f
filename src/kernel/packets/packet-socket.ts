import { close as closeDescriptor } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { TsnetError } from '../../errors.ts'
import type { BpfProgram } from './bpf.ts'
import { type ReceivedFrame, receiveFrames } from './receive-frames.ts'

/** A namespace that this thread can enter for something synchronous: a NamespaceSession. */
export interface NamespaceEntry {
  inside<T>(action: () => T): T
}

export interface PacketSocketOptions {
  /** ifindex; default: every interface of the namespace. */
  readonly link?: number
  /** Frames that it does not let through are not copied. Default: all. */
  readonly filter?: BpfProgram
  /** Bytes that may wait to be read. Default 4 MiB; the kernel takes only what is used. */
  readonly bufferBytes?: number
}

/** linux/if_packet.h, linux/if_ether.h, asm-generic/socket.h. */
const AF_PACKET = 17
const SOCK_RAW = 3
const SOCK_CLOEXEC_NONBLOCK = 0o2004000
const SOL = { SOCKET: 1, PACKET: 263 } as const
const SO = { RCVBUF: 8, ATTACH_FILTER: 26, RCVBUFFORCE: 33, TIMESTAMPNS: 35 } as const
const PACKET = { STATISTICS: 6, AUXDATA: 8 } as const
const ETH_P_ALL = 3
const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024

type Native = (...args: unknown[]) => number

const library = koffi.load(null)
const declared = new Map<string, Native>()

function native(prototype: string): Native {
  let found = declared.get(prototype)
  if (!found) {
    found = library.func(prototype) as unknown as Native
    declared.set(prototype, found)
  }
  return found
}

const SETSOCKOPT = 'int setsockopt(int, int, int, const void *, uint32_t)'

/**
 * A socket that gets a copy of every frame on the interfaces of a namespace, sent and received, with the kernel's own
 * time (packet(7)). It never blocks.
 */
export class PacketSocket {
  readonly fd: number
  #isOpen = true

  private constructor(fd: number) {
    this.fd = fd
  }

  /** Needs CAP_NET_RAW in the namespace. @throws TsnetError `privilege`, `vanished`, `failed` */
  static open(entry: NamespaceEntry, options: PacketSocketOptions = {}): PacketSocket {
    // protocol 0: nothing arrives before the filter is in place
    const type = SOCK_RAW | SOCK_CLOEXEC_NONBLOCK
    const fd = entry.inside(() => checked('socket', native('int socket(int, int, int)')(AF_PACKET, type, 0)))
    const socket = new PacketSocket(fd)
    try {
      configure(fd, options)
    } catch (error) {
      void socket.close()
      throw error
    }
    return socket
  }

  /** What waits, oldest first. A frame's bytes are a copy. */
  read(): ReceivedFrame[] {
    return this.#isOpen ? receiveFrames(this.fd) : []
  }

  /** Since the last call: frames that the filter let through, and those of them that found no room. */
  statistics(): { readonly packets: number; readonly drops: number } {
    const value = new Uint32Array(2)
    const length = Uint32Array.of(value.byteLength)
    const call = native('int getsockopt(int, int, int, void *, void *)')
    checked('statistics', call(this.fd, SOL.PACKET, PACKET.STATISTICS, value, length))
    const [packets = 0, drops = 0] = value
    return { packets, drops }
  }

  /** Off this thread: the kernel waits for a grace period, 8 to 16 ms a socket. Idempotent. */
  close(): Promise<void> {
    if (!this.#isOpen) return Promise.resolve()
    this.#isOpen = false
    return new Promise((resolve) => closeDescriptor(this.fd, () => resolve()))
  }
}

function configure(fd: number, { link = 0, filter, bufferBytes = DEFAULT_BUFFER_BYTES }: PacketSocketOptions): void {
  if (filter !== undefined) attachFilter(fd, filter)
  setOption(fd, SOL.SOCKET, SO.TIMESTAMPNS, 1)
  setOption(fd, SOL.PACKET, PACKET.AUXDATA, 1)
  const size = Uint32Array.of(bufferBytes)
  const setsockopt = native(SETSOCKOPT)
  if (setsockopt(fd, SOL.SOCKET, SO.RCVBUFFORCE, size, 4) !== 0) setOption(fd, SOL.SOCKET, SO.RCVBUF, bufferBytes)
  const address = new Uint8Array(20)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, ETH_P_ALL)
  view.setInt32(4, link, true)
  checked('bind', native('int bind(int, const void *, uint32_t)')(fd, address, address.length))
}

function setOption(fd: number, level: number, option: number, value: number): void {
  checked('setsockopt', native(SETSOCKOPT)(fd, level, option, Uint32Array.of(value), 4))
}

let isFilterDeclared = false

/** struct sock_fprog (linux/filter.h). */
function attachFilter(fd: number, { instructions }: BpfProgram): void {
  if (!isFilterDeclared) {
    koffi.struct('tsnet_sock_fprog', { length: 'uint16_t', filter: 'void *' })
    isFilterDeclared = true
  }
  const call = native('int setsockopt(int, int, int, const tsnet_sock_fprog *, uint32_t)')
  const program = { length: instructions.length / 8, filter: instructions }
  checked('attach filter', call(fd, SOL.SOCKET, SO.ATTACH_FILTER, program, 16))
}

const ERRNO_EPERM = 1

function checked(call: string, result: number): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  const message = `packet socket: ${call}: ${getSystemErrorName(-errno)}`
  if (errno !== ERRNO_EPERM) throw new TsnetError('failed', message)
  throw new TsnetError('privilege', message, {
    hint: 'needs CAP_NET_RAW: run as root, or with --cap-add NET_RAW',
  })
}
