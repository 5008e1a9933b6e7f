import { randomBytes } from 'node:crypto'

/** The name of a link on its way into a sandbox: `veth` and seven hex digits, as Docker has them. */
export function randomLinkName(): string {
  return `veth${randomBytes(4).toString('hex').slice(0, 7)}`
}

/** Whether a link may be on that way. */
export function isRandomLinkName(name: string): boolean {
  return /^veth[0-9a-f]{7}$/.test(name)
}
