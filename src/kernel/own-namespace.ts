import { statSync } from 'node:fs'

/** Whether that is the network namespace of this process, which needs no capability to be in. */
export function isOwnNamespace(inode: number): boolean {
  return statSync('/proc/self/ns/net').ino === inode
}
