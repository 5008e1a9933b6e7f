import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { NETLINK, type NetlinkSocket } from 'netlink-ts'
import { TsnetError } from '../errors.ts'
import { NamespaceSession } from '../inspect/session.ts'
import { isOwnNamespace } from '../kernel/own-namespace.ts'
import { type RunResult, runTool } from '../kernel/run.ts'

const OWN_NAMESPACE = '/proc/self/ns/net'
const TOOL_DEADLINE_MS = 30_000
const MAX_TOOL_OUTPUT_BYTES = 64 * 1024 * 1024

/**
 * A network namespace that networks are built in: this machine's own, a lab's namespace that plays a host, or the
 * sandbox of a container. Held open until `close`.
 */
export class NetworkHost {
  /** Path of the nsfs file. */
  readonly path: string
  readonly #session: NamespaceSession

  private constructor(path: string, session: NamespaceSession) {
    this.path = path
    this.#session = session
  }

  /** @throws TsnetError `vanished` or `privilege` */
  static open(path: string = OWN_NAMESPACE): NetworkHost {
    const inode = inodeOf(path)
    return new NetworkHost(path, NamespaceSession.open(inode, [path], isOwnNamespace(inode)))
  }

  get inode(): number {
    return this.#session.inode
  }

  /** For setns(2) and for moving links. */
  get fd(): number {
    return this.#session.fd
  }

  /** rtnetlink in this namespace. */
  get route(): NetlinkSocket {
    return this.#session.socket(NETLINK.ROUTE)
  }

  /** nfnetlink in this namespace. */
  get netfilter(): NetlinkSocket {
    return this.#session.socket(NETLINK.NETFILTER)
  }

  /** IPVS and whatever else has a family of generic netlink, in this namespace. */
  get generic(): NetlinkSocket {
    return this.#session.socket(NETLINK.GENERIC)
  }

  /** IPsec associations and policies of this namespace. */
  get xfrm(): NetlinkSocket {
    return this.#session.socket(NETLINK.XFRM)
  }

  /** Runs something synchronous with this thread in the namespace: opening a socket, writing a sysctl. */
  inside<T>(action: () => T): T {
    return this.#session.inside(action)
  }

  /** @param name with slashes, below /proc/sys/net: `ipv4/ip_forward`; undefined = there is no such setting */
  readSysctl(name: string): string | undefined {
    try {
      return this.inside(() => readFileSync(sysctlPath(name), 'utf8').trim())
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** @throws TsnetError `unsupported` when the kernel has no such setting, `failed` when it refuses the value */
  writeSysctl(name: string, value: string): void {
    try {
      this.inside(() => writeFileSync(sysctlPath(name), value))
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'ENOENT')
        throw new TsnetError('unsupported', `sysctl net/${name}: there is no such setting`, { cause })
      throw new TsnetError('failed', `sysctl net/${name} = ${value}: ${code ?? String(cause)}`, { cause })
    }
  }

  /** Runs a tool in the namespace. @throws as {@link runTool} */
  run(
    command: string,
    args: readonly string[],
    options: { input?: string; package?: string } = {},
  ): Promise<RunResult> {
    return runTool(command, args, {
      namespace: { path: this.path, inode: this.inode },
      deadlineMs: TOOL_DEADLINE_MS,
      maxOutputBytes: MAX_TOOL_OUTPUT_BYTES,
      ...options,
    })
  }

  close(): void {
    this.#session.close()
  }
}

function inodeOf(path: string): number {
  try {
    return statSync(path).ino
  } catch (cause) {
    throw new TsnetError('vanished', `namespace ${path}: it is gone`, { cause })
  }
}

function sysctlPath(name: string): string {
  return `/proc/sys/net/${name}`
}
