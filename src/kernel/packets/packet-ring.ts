import { close as closeDescriptor } from 'node:fs'
import koffi from 'koffi'
import { TsnetError } from '../../errors.ts'
import { type BpfProgram, BpfWriter } from './bpf.ts'
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
import { withSnaplen } from './snaplen.ts'

export interface PacketRingOptions {
  /** ifindex; default: every interface of the namespace, those to come included. */
  readonly link?: number
  readonly filter?: BpfProgram
  /** Bytes kept of a frame; default all. */
  readonly snaplen?: number
  /** Room for frames that wait to be read, rounded up to whole blocks. Default 8 MiB, not less than 1 MiB. */
  readonly bytes?: number
}

/**
 * A frame in the ring. It is one object, written over by the next frame, and its bytes are the kernel's again when it is
 * taken off: what is to be kept must be copied.
 */
export interface RingFrame {
  /** ifindex */
  link: number
  /** ARPHRD_* */
  hardware: number
  /** EtherType behind a tag that the kernel took off. */
  protocol: number
  /** PACKET_* (linux/if_packet.h): 0 to us, 1 broadcast, 2 multicast, 3 to others, 4 outgoing. */
  type: number
  /** Since 1970, by the kernel. */
  seconds: number
  nanoseconds: number
  /** Bytes on the wire. */
  length: number
  /** Where its bytes are: from `start` to `end` of `memory`. */
  memory: Uint8Array
  start: number
  end: number
  /** TPID × 65536 + TCI of a tag that the kernel took off; 0 = none. */
  tag: number
}

export const PACKET_OUTGOING = 4
const TPACKET_V3 = 2
const BLOCK_BYTES = 256 * 1024
const DEFAULT_BYTES = 8 * 1024 * 1024
const FEWEST_BLOCKS = 4
/** A block that is not full is handed over after this time. */
export const RETIRE_MS = 20

/** struct tpacket_block_desc */
const BLOCK = { STATUS: 8, COUNT: 12, FIRST: 16 } as const
const STATUS_USER = 1
/** struct tpacket3_hdr, and the struct sockaddr_ll behind it. */
const FRAME = { NEXT: 0, SECONDS: 4, NANOSECONDS: 8, KEPT: 12, LENGTH: 16, STATUS: 20, MAC: 24, TCI: 32, TPID: 36 }
const ADDRESS = { PROTOCOL: 50, LINK: 52, HARDWARE: 56, TYPE: 58 } as const
const VLAN_VALID = 0x10
const TPID_VALID = 0x40
const TPID_8021Q = 0x8100
const ARPHRD_LOOPBACK = 772

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const SO_ERROR = 4

/**
 * A packet socket whose frames arrive in memory shared with the kernel (TPACKET_V3, packet(7) and
 * Documentation/networking/packet_mmap.rst), so that a thousand of them cost no system call.
 */
export class PacketRing {
  readonly fd: number
  readonly #pointer: unknown
  readonly #blocks: number
  readonly #view: DataView
  readonly #words: Int32Array
  readonly #frame: RingFrame
  #block = 0
  /** Frames of the block that were not taken, where the first of them is, whether it is in `#frame`. */
  #left = 0
  #at = 0
  #isRead = false
  #isOpen = true

  private constructor(fd: number, pointer: unknown, blocks: number) {
    this.fd = fd
    this.#pointer = pointer
    this.#blocks = blocks
    const memory = koffi.view(pointer, blocks * BLOCK_BYTES)
    this.#view = new DataView(memory)
    this.#words = new Int32Array(memory)
    const none = { link: 0, hardware: 0, protocol: 0, type: 0, seconds: 0, nanoseconds: 0, length: 0, tag: 0 }
    this.#frame = { ...none, memory: new Uint8Array(memory), start: 0, end: 0 }
  }

  /** Needs CAP_NET_RAW in the namespace. @throws TsnetError `privilege`, `vanished`, `failed` */
  static open(entry: NamespaceEntry, options: PacketRingOptions = {}): PacketRing {
    const blocks = Math.max(FEWEST_BLOCKS, Math.ceil((options.bytes ?? DEFAULT_BYTES) / BLOCK_BYTES))
    const fd = openDescriptor(entry)
    try {
      const filter = filterOf(options)
      if (filter !== undefined) attachFilter(fd, filter)
      setOption(fd, SOL.PACKET, PACKET.VERSION, TPACKET_V3)
      // struct tpacket_req3: block size and number, frame size and number, timeout, private bytes, features
      const perBlock = BLOCK_BYTES / 2048
      const request = Uint32Array.of(BLOCK_BYTES, blocks, 2048, blocks * perBlock, RETIRE_MS, 0, 0)
      setOption(fd, SOL.PACKET, PACKET.RX_RING, request)
      const ring = new PacketRing(fd, mapped(fd, blocks * BLOCK_BYTES), blocks)
      bindTo(fd, options.link ?? 0)
      return ring
    } catch (error) {
      closeDescriptor(fd, () => {})
      throw error
    }
  }

  /**
   * The oldest frame that was not taken yet; undefined = nothing waits. It is given back by {@link shift}.
   *
   * What leaves a loopback interface arrives there too; it is told once, when it arrives.
   */
  head(): RingFrame | undefined {
    while (this.#isOpen && (this.#left > 0 || this.#nextBlock())) {
      if (!this.#isRead) this.#readFrame()
      if (this.#frame.hardware !== ARPHRD_LOOPBACK || this.#frame.type !== PACKET_OUTGOING) return this.#frame
      this.shift()
    }
    return undefined
  }

  /** Goes on behind the frame of {@link head}; a block that is empty then is the kernel's again. */
  shift(): void {
    this.#isRead = false
    this.#at += this.#view.getUint32(this.#at + FRAME.NEXT, true)
    this.#left--
    if (this.#left > 0) return
    Atomics.store(this.#words, (this.#block * BLOCK_BYTES + BLOCK.STATUS) >> 2, 0)
    this.#block = (this.#block + 1) % this.#blocks
  }

  /** Whether the kernel has handed one over. */
  #nextBlock(): boolean {
    const start = this.#block * BLOCK_BYTES
    if ((Atomics.load(this.#words, (start + BLOCK.STATUS) >> 2) & STATUS_USER) === 0) return false
    this.#left = this.#view.getUint32(start + BLOCK.COUNT, true)
    this.#at = start + this.#view.getUint32(start + BLOCK.FIRST, true)
    this.#isRead = false
    if (this.#left > 0) return true
    this.#left = 1
    this.shift()
    return false
  }

  #readFrame(): void {
    const view = this.#view
    const frame = this.#frame
    const at = this.#at
    const status = view.getUint32(at + FRAME.STATUS, true)
    frame.link = view.getInt32(at + ADDRESS.LINK, true)
    frame.hardware = view.getUint16(at + ADDRESS.HARDWARE, true)
    frame.protocol = view.getUint16(at + ADDRESS.PROTOCOL)
    frame.type = view.getUint8(at + ADDRESS.TYPE)
    frame.seconds = view.getUint32(at + FRAME.SECONDS, true)
    frame.nanoseconds = view.getUint32(at + FRAME.NANOSECONDS, true)
    frame.length = view.getUint32(at + FRAME.LENGTH, true)
    frame.start = at + view.getUint16(at + FRAME.MAC, true)
    frame.end = frame.start + view.getUint32(at + FRAME.KEPT, true)
    frame.tag = (status & VLAN_VALID) === 0 ? 0 : this.#tag(at, status)
    this.#isRead = true
  }

  #tag(at: number, status: number): number {
    const tpid = (status & TPID_VALID) === 0 ? TPID_8021Q : this.#view.getUint16(at + FRAME.TPID, true)
    return tpid * 0x1_0000 + (this.#view.getUint32(at + FRAME.TCI, true) & 0xffff)
  }

  statistics(): PacketStatistics {
    return statisticsOf(this.fd)
  }

  /** What poll(2) tells of until it is asked for: an interface went down or away. */
  clearError(): void {
    const value = new Uint32Array(1)
    native('int getsockopt(int, int, int, void *, void *)')(this.fd, SOL.SOCKET, SO_ERROR, value, Uint32Array.of(4))
  }

  /** Its memory goes at once, the descriptor off this thread: the kernel waits for a grace period. Idempotent. */
  close(): Promise<void> {
    if (!this.#isOpen) return Promise.resolve()
    this.#isOpen = false
    native('int munmap(void *, size_t)')(this.#pointer, this.#blocks * BLOCK_BYTES)
    return new Promise((resolve) => closeDescriptor(this.fd, () => resolve()))
  }
}

const EVERYTHING = 0x4_0000

/** The filter's own answer says how much of a frame is kept. */
function filterOf({ filter, snaplen }: PacketRingOptions): BpfProgram | undefined {
  if (snaplen === undefined || snaplen >= EVERYTHING) return filter
  return withSnaplen(filter ?? new BpfWriter().accept().finish(), snaplen)
}

function mapped(fd: number, bytes: number): unknown {
  const map = native('void *mmap(void *, size_t, int, int, int, int64_t)') as unknown as (...args: unknown[]) => unknown
  const pointer = map(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0)
  // MAP_FAILED
  if (BigInt.asIntN(64, BigInt(koffi.address(pointer))) !== -1n) return pointer
  throw new TsnetError('failed', `packet socket: mmap of ${bytes} bytes failed`)
}
