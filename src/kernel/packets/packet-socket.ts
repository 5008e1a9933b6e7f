import { close as closeDescriptor } from 'node:fs'
import type { BpfProgram } from './bpf.ts'
import {
  attachFilter,
  bindTo,
  type NamespaceEntry,
  native,
  openDescriptor,
  PACKET,
  type PacketStatistics,
  SOL,
  setOption,
  statisticsOf,
} from './packet-calls.ts'
import { type ReceivedFrame, receiveFrames } from './receive-frames.ts'

export type { NamespaceEntry } from './packet-calls.ts'

export interface PacketSocketOptions {
  /** ifindex; default: every interface of the namespace. */
  readonly link?: number
  /** Frames that it does not let through are not copied. Default: all. */
  readonly filter?: BpfProgram
  /** Bytes that may wait to be read. Default 4 MiB; the kernel takes only what is used. */
  readonly bufferBytes?: number
}

/** asm-generic/socket.h */
const SO = { RCVBUF: 8, RCVBUFFORCE: 33, TIMESTAMPNS: 35 } as const
const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024

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
    const fd = openDescriptor(entry)
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

  statistics(): PacketStatistics {
    return statisticsOf(this.fd)
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
  const force = native('int setsockopt(int, int, int, const void *, uint32_t)')
  if (force(fd, SOL.SOCKET, SO.RCVBUFFORCE, size, 4) !== 0) setOption(fd, SOL.SOCKET, SO.RCVBUF, bufferBytes)
  bindTo(fd, link)
}
