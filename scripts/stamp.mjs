import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Whether every input that a stamp names is as it was when the stamp was written (size and modification time).
 * @param {string} stampFile @param {string} root
 */
export async function isUpToDate(stampFile, root) {
  /** @type {Record<string, string>} */
  let stamp
  try {
    stamp = JSON.parse(await readFile(stampFile, 'utf8'))
  } catch {
    return false
  }
  const states = await Promise.all(Object.keys(stamp).map((path) => stateOf(join(root, path))))
  return Object.values(stamp).every((state, position) => state === states[position])
}

/** @param {string} stampFile @param {string} root @param {readonly string[]} inputs relative to root */
export async function writeStamp(stampFile, root, inputs) {
  const states = await Promise.all(inputs.map(async (path) => [path, await stateOf(join(root, path))]))
  await writeFile(stampFile, JSON.stringify(Object.fromEntries(states)))
}

/** @param {string} path */
async function stateOf(path) {
  try {
    const { size, mtimeMs } = await stat(path)
    return `${size} ${mtimeMs}`
  } catch {
    return 'absent'
  }
}
