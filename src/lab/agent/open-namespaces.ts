import { statSync } from 'node:fs'
import { NetworkHost } from '../../driver/network-host.ts'

/** The namespaces that an agent has to do with, each opened once. */
export class OpenNamespaces {
  readonly #open = new Map<string, NetworkHost>()

  /** @throws TsnetError `vanished` */
  get(path: string): NetworkHost {
    let host = this.#open.get(path)
    if (!host) {
      host = NetworkHost.open(path)
      this.#open.set(path, host)
    }
    return host
  }

  /**
   * Closes those that are not needed, and those whose path leads to another one by now. Nothing may be served in them
   * any more: their descriptors are given to others.
   */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const [path, host] of this.#open) {
      if (paths.has(path) && inodeOf(path) === host.inode) continue
      this.#open.delete(path)
      host.close()
    }
  }
}

/** 0 when there is nothing of that name. */
export function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0
}
