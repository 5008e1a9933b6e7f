import koffi from 'koffi'
import { NetlinkError } from './error.ts'
import { errnoText } from './message.ts'

/** sys/socket.h, asm-generic/socket.h, poll.h, sched.h, fcntl.h on Linux. */
export const AF = { UNSPEC: 0, UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17, BRIDGE: 7, MPLS: 28 } as const
export const SOCK = { RAW: 3, DGRAM: 2, CLOEXEC: 0o2000000, NONBLOCK: 0o4000 } as const
export const SOL = { SOCKET: 1, NETLINK: 270 } as const
export const SO = { RCVTIMEO: 20, RCVBUF: 8, SNDBUF: 7, RCVBUFFORCE: 33, SNDBUFFORCE: 32 } as const
export const MSG = { TRUNC: 0x20, DONTWAIT: 0x40, PEEK: 0x02 } as const
export const CLONE_NEWNET = 0x4000_0000
/** linux/mount.h */
export const MS = { BIND: 0x1000, REC: 0x4000, SHARED: 0x10_0000 } as const
/** sys/mount.h */
const MNT_DETACH = 2

export const ERRNO = { EPERM: 1, ENOENT: 2, EINTR: 4, EAGAIN: 11, ENODEV: 19, EINVAL: 22, ENOBUFS: 105 } as const

type Native = (...args: unknown[]) => number

const library = koffi.load(null)
const declared = new Map<string, Native>()

/** Declared at first use: a declaration costs some 10 µs and most programs need half of them. */
function native(prototype: string): Native {
  let found = declared.get(prototype)
  if (!found) {
    found = library.func(prototype) as unknown as Native
    declared.set(prototype, found)
  }
  return found
}

/** Result of a call that gives -1 and errno on failure. */
export function checked(operation: string, result: number): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  throw new NetlinkError('system', `${operation}: ${errnoText(errno)}`, { errno })
}

export function errno(): number {
  return koffi.errno()
}

export function socket(family: number, type: number, protocol: number): number {
  return native('int socket(int domain, int type, int protocol)')(family, type, protocol)
}

export function bind(fd: number, address: Uint8Array): number {
  return native('int bind(int fd, const void *address, uint32_t length)')(fd, address, address.length)
}

export function getsockname(fd: number, address: Uint8Array, length: Uint8Array): number {
  return native('int getsockname(int fd, void *address, void *length)')(fd, address, length)
}

export function setsockopt(fd: number, level: number, option: number, value: Uint8Array): number {
  return native('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)')(
    fd,
    level,
    option,
    value,
    value.length,
  )
}

export function getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number {
  return native('int getsockopt(int fd, int level, int option, void *value, void *length)')(
    fd,
    level,
    option,
    value,
    length,
  )
}

export function send(fd: number, bytes: Uint8Array): number {
  return native('intptr_t send(int fd, const void *bytes, size_t length, int flags)')(fd, bytes, bytes.length, 0)
}

/** Length of the whole datagram with MSG_TRUNC in `flags`, even when it was cut to fit. */
export function recv(fd: number, into: Uint8Array, flags: number): number {
  return native('intptr_t recv(int fd, void *bytes, size_t length, int flags)')(fd, into, into.length, flags)
}

export function close(fd: number): number {
  return native('int close(int fd)')(fd)
}

export function setns(fd: number, type: number): number {
  return native('int setns(int fd, int type)')(fd, type)
}

export function unshare(flags: number): number {
  return native('int unshare(int flags)')(flags)
}

export function mount(source: string, target: string, flags: number): number {
  const call = native(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
  )
  return call(source, target, 'none', flags, null)
}

/** Takes the mount from the tree at once; it goes when nothing uses it any more. */
export function detach(target: string): number {
  return native('int umount2(const char *target, int flags)')(target, MNT_DETACH)
}

export function eventfd(): number {
  return native('int eventfd(unsigned int initial, int flags)')(0, SOCK.CLOEXEC)
}

export function write(fd: number, bytes: Uint8Array): number {
  return native('intptr_t write(int fd, const void *bytes, size_t length)')(fd, bytes, bytes.length)
}

let ifreqDeclared = false

/** ioctl(2) with a struct ifreq (linux/if.h) whose ifr_data is `data`, which the kernel reads and overwrites. */
export function ioctlInterface(fd: number, request: number, argument: { name: string; data: Uint8Array }): number {
  if (!ifreqDeclared) {
    koffi.struct('ifreq_data', { name: koffi.array('char', 16), data: 'void *', rest: koffi.array('uint8_t', 16) })
    ifreqDeclared = true
  }
  const call = native('int ioctl(int fd, unsigned long request, ifreq_data *argument)')
  return call(fd, request, { ...argument, rest: new Uint8Array(16) })
}
