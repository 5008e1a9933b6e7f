import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'

/** What a small command runs, and what the screen does. @typedef {'command' | 'screen'} Use */

/** @typedef {{ main(words: readonly string[]): void, warmUp: import('./main.ts').WarmUp }} Program */

/**
 * The bundled program, with the code that V8 compiled when it was built: to compile it again would take longer than
 * all that a small command does. Another version of Node than the one that built it compiles as usual.
 * @param {string} folder of program.cjs and its caches
 * @param {Use | undefined} use
 * @returns {{ program: Program, script: Script }}
 */
export function loadProgram(folder, use) {
  const path = join(folder, 'program.cjs')
  // esbuild writes ASCII
  const source = readFileSync(path, 'latin1')
  const cachedData = use === undefined ? undefined : readCache(cachePath(folder, use))
  const wrapped = `(function(require,module,$url){${source}\n})`
  const script = new Script(wrapped, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) })
  /** @type {{ exports: unknown }} */
  const module = { exports: {} }
  script.runInThisContext()(createRequire(path), module, pathToFileURL(path).href)
  return { program: /** @type {Program} */ (module.exports), script }
}

/** @param {string} folder @param {Use} use */
export function cachePath(folder, use) {
  return join(folder, `${use}.cache`)
}

/** @param {string} path */
function readCache(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
