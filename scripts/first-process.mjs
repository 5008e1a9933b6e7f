import { spawn } from 'node:child_process'

const CANNOT_RUN = 4
const NAMESPACES = ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc']

/**
 * @typedef {object} OwnWorld
 * @property {string} name of the command, for messages, the host's name and the mounts
 * @property {readonly string[]} words program and arguments
 * @property {NodeJS.ProcessEnv} env
 * @property {readonly string[]} [sys] lines of shell that give it a /sys of its own network
 * @property {readonly string[]} [further] lines of shell before the program takes the shell's place
 */

/** Ends this process when it is not root. @param {string} name */
export function requireRoot(name) {
  if (process.getuid?.() === 0) return
  process.stderr.write(`${name}: needs root, for it makes network namespaces\n`)
  process.exit(CANNOT_RUN)
}

/**
 * Runs a program as the first process of private network, mount and process namespaces, with a /run, /tmp and /sys of
 * its own: what it makes is seen by nobody else and goes with it, also after ctrl-c. Its exit status becomes ours.
 * @param {OwnWorld} world
 */
export function runAsFirstProcess({ name, words, env, sys, further = [] }) {
  const mark = `tsnet-${name}`
  const script = [
    'set -e',
    `mount -t tmpfs -o mode=755 ${mark} /run`,
    `mount -t tmpfs -o mode=1777 ${mark} /tmp`,
    ...(sys ?? [`mount -t sysfs ${mark} /sys`]),
    'mkdir /run/netns /run/lock',
    `hostname ${mark}`,
    ...further,
    'ip link set lo up',
    'exec "$@"',
  ].join('\n')
  const child = spawn('unshare', [...NAMESPACES, 'sh', '-c', script, 'sh', ...words], { stdio: 'inherit', env })
  // the first process of a process namespace ignores ctrl-c; its parent's death ends it and everything in it
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill('SIGKILL'))
  }
  child.on('error', (error) => {
    process.stderr.write(`${name}: ${error.message}\n`)
    process.exitCode = CANNOT_RUN
  })
  child.on('exit', (code) => {
    process.exitCode = code ?? 130
  })
}
