import { randomBytes, randomInt } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OverlayKey } from '../../driver/networks/overlay/overlay-key.ts'
import { stateFolder } from './lab-paths.ts'

/** A swarm's managers keep three; its Lamport clock starts anywhere below this. */
const KEYS = 3
const LATEST_START = 65_536
const KEY_BYTES = 16

/** The keys of a lab's encrypted overlays, which all its hosts share; made when they are first asked for. */
export function overlayKeys(lab: string): readonly OverlayKey[] {
  const path = join(stateFolder(lab), 'overlay-keys.json')
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as readonly OverlayKey[]
  const start = randomInt(LATEST_START)
  const keys = Array.from({ length: KEYS }, (_, position) => ({
    tag: start + position,
    key: randomBytes(KEY_BYTES).toString('hex'),
  }))
  // the second oldest encrypts, so that everybody has it when its turn comes
  const [oldest, primary, newest] = keys
  const ordered = [primary, oldest, newest].filter((key) => key !== undefined)
  writeFileSync(`${path}.new`, JSON.stringify(ordered), { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return ordered
}
