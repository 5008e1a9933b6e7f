import { closeSync, fstatSync, openSync } from 'node:fs'
import { inNamespace, NetlinkError, NetlinkSocket } from 'netlink-ts'
import { TsnetError } from '../errors.ts'

/** A namespace that is not there any more: never an error of the whole, see DESIGN §5. */
export function vanished(inode: number, cause?: unknown): TsnetError {
  return new TsnetError('vanished', `namespace ${inode}: went away`, { cause })
}

/**
 * One namespace held open: its descriptor and the netlink sockets opened in it, each at first use.
 * A session on our own namespace enters nothing, so it works without privileges.
 */
export class NamespaceSession {
  readonly inode: number
  /** Descriptor of the nsfs file. */
  readonly fd: number
  readonly #own: boolean
  readonly #sockets = new Map<number, NetlinkSocket>()
  #isOpen = true

  private constructor(inode: number, fd: number, own: boolean) {
    this.inode = inode
    this.fd = fd
    this.#own = own
  }

  /** Opens the first of `paths` that still is namespace `inode`. Throws `privilege` or `vanished`. */
  static open(inode: number, paths: readonly string[], own: boolean): NamespaceSession {
    let denied: unknown
    for (const path of paths) {
      try {
        const fd = openSync(path, 'r')
        if (fstatSync(fd).ino === inode) return new NamespaceSession(inode, fd, own)
        closeSync(fd) // the process ended and its number or descriptor means something else now
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EACCES' || code === 'EPERM') denied = error
      }
    }
    if (denied) throw notPermitted(inode, denied)
    throw vanished(inode)
  }

  /** The socket of a netlink protocol in this namespace. */
  socket(protocol: number): NetlinkSocket {
    let socket = this.#sockets.get(protocol)
    if (!socket) {
      socket = this.inside(() => new NetlinkSocket(protocol))
      this.#sockets.set(protocol, socket)
    }
    return socket
  }

  /** Runs something synchronous with this thread in the namespace: opening a socket, reading /proc/thread-self/net. */
  inside<T>(action: () => T): T {
    // its descriptor may lead into another namespace by now
    if (!this.#isOpen) throw vanished(this.inode)
    if (this.#own) return action()
    try {
      return inNamespace({ fd: this.fd }, action)
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === EPERM) throw notPermitted(this.inode, error)
      throw error
    }
  }

  close(): void {
    this.#isOpen = false
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
    closeSync(this.fd)
  }
}

const EPERM = 1

function notPermitted(inode: number, cause: unknown): TsnetError {
  return new TsnetError('privilege', `enter namespace ${inode}: not permitted`, {
    cause,
    hint: 'needs CAP_SYS_ADMIN and CAP_SYS_PTRACE: run as root, or with --cap-add SYS_ADMIN --cap-add SYS_PTRACE --pid host',
  })
}
