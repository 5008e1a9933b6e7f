import { openSync, writeFileSync } from 'node:fs'
import { PassThrough, Writable } from 'node:stream'
import { cachePath, loadProgram } from '../src/load-program.mjs'

/**
 * `keep-compiled.mjs FOLDER command|screen`: runs the bundled program for a moment, as a person would, and writes down
 * the code that V8 compiled for it. It looks at this host and changes nothing.
 */
const [folder = '', use = ''] = process.argv.slice(2)
const { program, script } = loadProgram(folder, undefined)

const KINDS = 'links,addrs,routes,rules,neigh,fdb'
const COMMANDS = [
  ['--version'],
  ['--help'],
  ['ns'],
  ['show', 'links'],
  ['show', 'routes', '--json'],
  ['snapshot', '--kinds', KINDS],
]
/** Keys of a glance: down, the views, a description, leave. */
const KEYS = ['j', '2', '3', 'd', '\x1b', '6', 'q']
const KEY_MS = 150

if (use === 'command') await runCommands()
else await runScreen()
const cache = script.createCachedData()
writeFileSync(cachePath(folder, /** @type {import('../src/load-program.mjs').Use} */ (use)), cache)
process.exit(0)

async function runCommands() {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  for (const stream of ['stdout', 'stderr']) Object.defineProperty(process, stream, { value: nowhere })
  for (const words of COMMANDS) await program.warmUp.command(words).catch(() => undefined)
}

async function runScreen() {
  const { runTui, openLiveHost } = await program.warmUp.screen()
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input })
  const size = { isTTY: true, columns: 120, rows: 40 }
  const output = Object.assign(new PassThrough(), size, { fd: openSync('/dev/null', 'w') })
  const host = await openLiveHost()
  const ended = runTui(host, {
    input: /** @type {never} */ (input),
    output: /** @type {never} */ (output),
  })
  for (const key of KEYS) {
    await new Promise((resolve) => setTimeout(resolve, KEY_MS))
    input.write(key)
  }
  await ended
  await host.close()
}
