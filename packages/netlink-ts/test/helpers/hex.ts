import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Message, messageAt } from '../../src/message.ts'

const ROOT = fileURLToPath(new URL('../../../../fixtures/netlink/', import.meta.url))

/** The messages of a file of fixtures/netlink, e.g. `route/links.hex`: blocks of hexadecimal text between empty lines. */
export function fixture(path: string): Uint8Array[] {
  const text = readFileSync(ROOT + path, 'utf8').replace(/^#.*$/gm, '')
  return text
    .split(/\n\s*\n/)
    .map((block) => block.replace(/\s+/g, ''))
    .filter((block) => block !== '')
    .map((block) => Uint8Array.from(Buffer.from(block, 'hex')))
}

/** The only message of a datagram. */
export function messageOf(bytes: Uint8Array): Message {
  return messageAt(bytes, 0)
}

/** Files of one folder of fixtures/netlink. */
export function fixtureFiles(folder: string): string[] {
  return readdirSync(ROOT + folder).map((name) => `${folder}/${name}`)
}
