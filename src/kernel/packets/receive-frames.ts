import koffi from 'koffi'

/** A frame as the kernel handed it over. */
export interface ReceivedFrame {
  /** ifindex of the interface that it was seen on. */
  readonly link: number
  readonly direction: 'in' | 'out'
  /** Addressed to somebody else: seen because the interface is promiscuous, a bridge port for example. */
  readonly isForOther: boolean
  /** Nanoseconds since 1970, by the kernel. */
  readonly timeNs: bigint
  /** Of a tag that is no longer, or not yet, in the bytes. */
  readonly vlan?: number
  /** ARPHRD_* (linux/if_arp.h): 1 Ethernet, 772 loopback; 65534 has no link-layer header. */
  readonly hardware: number
  readonly protocol: number
  /** Bytes on the wire; `bytes` may be shorter. */
  readonly length: number
  readonly bytes: Uint8Array
}

/** Frames received by one system call, and what is kept of each. */
const SLOTS = 32
const SLOT_BYTES = 66_000
const ADDRESS_BYTES = 32
const CONTROL_BYTES = 128
/** struct mmsghdr and struct iovec on 64-bit Linux (bits/socket.h). */
const HEADER_BYTES = 64
const IOVEC_BYTES = 16
const HEADER = {
  NAME: 0,
  NAME_LENGTH: 8,
  IOV: 16,
  IOV_LENGTH: 24,
  CONTROL: 32,
  CONTROL_LENGTH: 40,
  FLAGS: 48,
  LENGTH: 56,
}

const LAYOUT = {
  headers: 0,
  iovecs: SLOTS * HEADER_BYTES,
  addresses: SLOTS * (HEADER_BYTES + IOVEC_BYTES),
  controls: SLOTS * (HEADER_BYTES + IOVEC_BYTES + ADDRESS_BYTES),
  frames: SLOTS * (HEADER_BYTES + IOVEC_BYTES + ADDRESS_BYTES + CONTROL_BYTES),
} as const
const TOTAL_BYTES = LAYOUT.frames + SLOTS * SLOT_BYTES

interface Memory {
  readonly pointer: unknown
  readonly view: DataView
  readonly bytes: Uint8Array
  readonly receive: (...args: unknown[]) => number
}

let memory: Memory | undefined

/** Memory outside of the collector's reach, for the kernel is given addresses in it. */
function allocate(): Memory {
  const pointer = koffi.alloc('uint8_t', TOTAL_BYTES)
  const buffer = koffi.view(pointer, TOTAL_BYTES)
  const view = new DataView(buffer)
  const base = BigInt(koffi.address(pointer))
  for (let slot = 0; slot < SLOTS; slot++) {
    const header = LAYOUT.headers + slot * HEADER_BYTES
    const iovec = LAYOUT.iovecs + slot * IOVEC_BYTES
    view.setBigUint64(header + HEADER.NAME, base + BigInt(LAYOUT.addresses + slot * ADDRESS_BYTES), true)
    view.setBigUint64(header + HEADER.IOV, base + BigInt(iovec), true)
    view.setBigUint64(header + HEADER.IOV_LENGTH, 1n, true)
    view.setBigUint64(header + HEADER.CONTROL, base + BigInt(LAYOUT.controls + slot * CONTROL_BYTES), true)
    view.setBigUint64(iovec, base + BigInt(LAYOUT.frames + slot * SLOT_BYTES), true)
    view.setBigUint64(iovec + 8, BigInt(SLOT_BYTES), true)
  }
  const receive = koffi
    .load(null)
    .func('int recvmmsg(int, void *, unsigned int, int, void *)') as unknown as Memory['receive']
  return { pointer, view, bytes: new Uint8Array(buffer), receive }
}

const MSG_DONTWAIT_TRUNC = 0x60
/** More at once would keep other sockets from being read. */
const MOST_FRAMES = 4_096

/** Every frame that waits on a packet socket with timestamps and auxiliary data on. */
export function receiveFrames(fd: number): ReceivedFrame[] {
  memory ??= allocate()
  const { view, pointer, receive } = memory
  const frames: ReceivedFrame[] = []
  for (;;) {
    for (let slot = 0; slot < SLOTS; slot++) {
      const header = LAYOUT.headers + slot * HEADER_BYTES
      view.setUint32(header + HEADER.NAME_LENGTH, ADDRESS_BYTES, true)
      view.setBigUint64(header + HEADER.CONTROL_LENGTH, BigInt(CONTROL_BYTES), true)
    }
    const count = receive(fd, pointer, SLOTS, MSG_DONTWAIT_TRUNC, null)
    for (let slot = 0; slot < count; slot++) frames.push(frameOf(memory, slot))
    // an error is nothing to read, or an interface that went down, of which the next read tells nothing
    if (count < SLOTS || frames.length >= MOST_FRAMES) return frames
  }
}

const PACKET_OUTGOING = 4
const PACKET_OTHERHOST = 3

/** struct sockaddr_ll (linux/if_packet.h). */
function frameOf({ view, bytes }: Memory, slot: number): ReceivedFrame {
  const address = LAYOUT.addresses + slot * ADDRESS_BYTES
  const start = LAYOUT.frames + slot * SLOT_BYTES
  const length = view.getUint32(LAYOUT.headers + slot * HEADER_BYTES + HEADER.LENGTH, true)
  const type = view.getUint8(address + 10)
  return {
    link: view.getInt32(address + 4, true),
    direction: type === PACKET_OUTGOING ? 'out' : 'in',
    isForOther: type === PACKET_OTHERHOST,
    hardware: view.getUint16(address + 8, true),
    protocol: view.getUint16(address + 2),
    length,
    bytes: bytes.slice(start, start + Math.min(length, SLOT_BYTES)),
    ...controlOf(view, slot),
  }
}

const SCM_TIMESTAMPNS = 35
const PACKET_AUXDATA = 8
const TP_STATUS_VLAN_VALID = 0x10
const CMSG_HEADER = 16

/** struct cmsghdr with a struct timespec, struct tpacket_auxdata. */
function controlOf(view: DataView, slot: number): Pick<ReceivedFrame, 'timeNs' | 'vlan'> {
  const start = LAYOUT.controls + slot * CONTROL_BYTES
  const used = Number(view.getBigUint64(LAYOUT.headers + slot * HEADER_BYTES + HEADER.CONTROL_LENGTH, true))
  let timeNs = 0n
  let vlan: number | undefined
  for (let at = start; at + CMSG_HEADER <= start + used; ) {
    const length = Number(view.getBigUint64(at, true))
    const type = view.getInt32(at + 12, true)
    const data = at + CMSG_HEADER
    if (type === SCM_TIMESTAMPNS) {
      timeNs = view.getBigInt64(data, true) * 1_000_000_000n + view.getBigInt64(data + 8, true)
    }
    if (type === PACKET_AUXDATA && (view.getUint32(data, true) & TP_STATUS_VLAN_VALID) !== 0) {
      vlan = view.getUint16(data + 16, true) & 0x0fff
    }
    at += Math.max(CMSG_HEADER, (length + 7) & ~7)
  }
  return { timeNs, ...(vlan === undefined ? {} : { vlan }) }
}
