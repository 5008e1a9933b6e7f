import { spawn } from 'node:child_process'

/**
 * How one child process ended.
 * @typedef {{ status: number, output: string }} Ended `output` is empty unless it was kept
 */

/** Process groups that are running, to be ended with us. @type {Set<number>} */
const groups = new Set()

/**
 * Runs a program in a process group of its own, at most `timeoutMs`.
 * @param {string} program @param {readonly string[]} args
 * @param {{ cwd: string, timeoutMs: number, keepOutput?: boolean }} options keepOutput: do not print, hand it back
 * @returns {Promise<Ended>}
 */
export function runChild(program, args, { cwd, timeoutMs, keepOutput = false }) {
  const stdio = keepOutput ? 'pipe' : 'inherit'
  const child = spawn(program, args, { cwd, detached: true, stdio: ['ignore', stdio, stdio] })
  const group = child.pid
  if (group !== undefined) groups.add(group)
  /** @type {string[]} */
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => output.push(text))
  /** @param {string} text */
  const say = (text) => (keepOutput ? output.push(text) : process.stderr.write(text))
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      say(`\n${program}: still running after ${timeoutMs / 1000} s, ended\n`)
      if (group !== undefined) killGroup(group, 'SIGKILL')
    }, timeoutMs)
    /** @param {number} status */
    const end = (status) => {
      clearTimeout(timer)
      if (group !== undefined) groups.delete(group)
      resolve({ status, output: output.join('') })
    }
    child.on('error', (error) => {
      say(`${program}: ${error.message}\n`)
      end(127)
    })
    child.on('close', (status) => end(status ?? 128))
  })
}

/** Ends every child with us when we are told to end; without this a group of its own would outlive ctrl-c. */
export function endChildrenOnSignal() {
  for (const [signal, number] of /** @type {const} */ ([
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ])) {
    process.on(signal, () => {
      for (const group of groups) killGroup(group, 'SIGTERM')
      setTimeout(() => {
        for (const group of groups) killGroup(group, 'SIGKILL')
        process.exit(128 + number)
      }, 3000)
    })
  }
}

/** @param {number} group @param {NodeJS.Signals} signal */
function killGroup(group, signal) {
  try {
    process.kill(-group, signal)
  } catch {
    // it has ended meanwhile
  }
}
