import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setUp } from './setup.mjs'

const PROGRAM = fileURLToPath(new URL('../dist/tsnet-shoot.js', import.meta.url))

/**
 * `npm start [-- ARGUMENTS]`: set-up, then the program on this terminal. A key like ctrl-c reaches the program
 * by the terminal; a signal to this process is passed on. The program's end is our end.
 */
await setUp('start')
const child = spawn(process.execPath, [PROGRAM, ...process.argv.slice(2)], { stdio: 'inherit' })
const fromTerminal = process.stdin.isTTY === true
process.on('SIGINT', () => fromTerminal || child.kill('SIGINT'))
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  process.stderr.write(`tsnet-shoot: ${error.message}\n`)
  process.exitCode = 4
})
child.on('exit', (status, signal) => {
  if (signal === null) process.exit(status ?? 0)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
