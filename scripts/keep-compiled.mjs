import { openSync, writeFileSync } from 'node:fs'
import { PassThrough, Writable } from 'node:stream'
import { cachePath, loadProgram } from '../src/load-program.mjs'

/**
 * `keep-compiled.mjs FOLDER small|other|screen`: runs the bundled program for a moment, as a person would, and writes down
 * the code that V8 compiled for it. It looks at this host and changes nothing.
 */
const [folder = '', name] = process.argv.slice(2)
const purpose = /** @type {import('../src/load-program.mjs').Purpose} */ (name)
const { program, script } = loadProgram(folder, purpose, { compiled: false })

const KINDS = 'links,addrs,routes,rules,neigh,fdb'
const COMMANDS = {
  small: [['--version'], ['ns'], ['show', 'links'], ['show', 'routes', '--json'], ['snapshot', '--kinds', KINDS]],
  other: [
    ['--help'],
    ['lab', 'ls'],
    ['lab', 'validate', '--static', 'pets-bridge'],
    ['lab', 'up', 'pets-bridge', '--dry-run'],
    ['path', 'host', '127.0.0.1:1'],
  ],
}
/** Keys of a glance: down, the views, a description, leave. */
const KEYS = ['j', '2', '3', 'd', '\x1b', '6', 'q']
const KEY_MS = 150

if (purpose === 'screen') await runScreen()
else await runCommands(COMMANDS[purpose])
writeFileSync(cachePath(folder, purpose), script.createCachedData())
process.exit(0)

/** @param {readonly (readonly string[])[]} commands */
async function runCommands(commands) {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  for (const stream of ['stdout', 'stderr']) Object.defineProperty(process, stream, { value: nowhere })
  for (const words of commands) await program.warmUp.command(words).catch(() => undefined)
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
