import { closeSync, fstatSync, openSync } from 'node:fs'
import { inNamespace, NETLINK, NetlinkError, NetlinkSocket } from 'netlink-ts'
import { TsnetError } from '../errors.ts'

/** A namespace that is not there any more: never an error of the whole, see DESIGN §5. */
export function vanished(inode: number, cause?: unknown): TsnetError {
  return new TsnetError('vanished', `namespace ${inode}: went away`, { cause })
}

export interface SessionOptions {
  /** What has not changed since the last time is not made again; for who reads again and again. Default false. */
  readonly remember?: boolean
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
  readonly #remember: boolean
  readonly #sockets = new Map<number, NetlinkSocket>()
  readonly #made = new Map<unknown, { readonly table: unknown; readonly rows: unknown }>()
  #isOpen = true

  private constructor(inode: number, fd: number, own: boolean, remember: boolean) {
    this.inode = inode
    this.fd = fd
    this.#own = own
    this.#remember = remember
  }

  /** Opens the first of `paths` that still is namespace `inode`. Throws `privilege` or `vanished`. */
  static open(inode: number, paths: readonly string[], own: boolean, options: SessionOptions = {}): NamespaceSession {
    let denied: unknown
    for (const path of paths) {
      try {
        const fd = openSync(path, 'r')
        if (fstatSync(fd).ino === inode) return new NamespaceSession(inode, fd, own, options.remember ?? false)
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
      socket = this.inside(
        () => new NetlinkSocket(protocol, { remember: this.#remember && protocol === NETLINK.ROUTE }),
      )
      this.#sockets.set(protocol, socket)
    }
    return socket
  }

  /** What `make` makes of a table; as long as a session that remembers is given the same table, the same rows. */
  rows<Table, Rows>(table: Table, make: (table: Table) => Rows): Rows {
    if (!this.#remember) return make(table)
    let made = this.#made.get(make)
    if (made?.table !== table) {
      made = { table, rows: make(table) }
      this.#made.set(make, made)
    }
    return made.rows as Rows
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
