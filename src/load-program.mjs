import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'

/**
 * What the program is started for: a small command that must be there at once, or all the rest. Each has the code that
 * V8 compiled for it; the small commands have a script without the rest as well.
 * @typedef {'small' | 'other' | 'screen'} Purpose
 */

/** Commands of the small script; no other part of the program is in it. */
export const SMALL_COMMANDS = ['ns', 'show', 'snapshot', 'topo', 'watch', 'enter', 'completion']

/** @param {readonly string[]} words of the command line @param {boolean} isTerminal @returns {Purpose} */
export function purposeOf(words, isTerminal) {
  const [first = ''] = words
  if (first === '--version' || SMALL_COMMANDS.includes(first)) return 'small'
  return isTerminal && !words.some((word) => /^[a-z]/.test(word)) ? 'screen' : 'other'
}

/** @typedef {{ main(words: readonly string[]): void, warmUp: import('./main.ts').WarmUp }} Program */

/**
 * The bundled program, with the code that V8 compiled when it was built: to compile it again would take longer than
 * all that a small command does. Another version of Node than the one that built it compiles as usual.
 * @param {string} folder of the scripts and their caches
 * @param {Purpose} purpose
 * @param {{ compiled: boolean }} options compiled: with the code of the cache
 * @returns {{ program: Program, script: Script }}
 */
export function loadProgram(folder, purpose, { compiled }) {
  const path = join(folder, purpose === 'small' ? 'small.cjs' : 'program.cjs')
  // esbuild writes ASCII
  const source = readFileSync(path, 'latin1')
  const cachedData = compiled ? readCache(cachePath(folder, purpose)) : undefined
  const wrapped = `(function(require,module,$url){${source}\n})`
  const script = new Script(wrapped, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) })
  /** @type {{ exports: unknown }} */
  const module = { exports: {} }
  script.runInThisContext()(createRequire(path), module, pathToFileURL(path).href)
  return { program: /** @type {Program} */ (module.exports), script }
}

/** @param {string} folder @param {Purpose} purpose */
export function cachePath(folder, purpose) {
  return join(folder, `${purpose}.cache`)
}

/** @param {string} path */
function readCache(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
