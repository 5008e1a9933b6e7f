import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, ROOT } from './build.mjs'

const FOLDER = join(ROOT, 'docs/labs')
const CONSOLE_BLOCK = /^```console\n([\s\S]*?)^```$/gm

/** A machine of its own, as the tests have it: nothing of this one is seen or changed. */
const FIRST_PROCESS = [
  'set -e',
  'mount -t tmpfs -o mode=755 tsnet-docs /run',
  'mkdir -p /run/netns /run/bin',
  'mount -t sysfs tsnet-docs /sys',
  'hostname machine',
  'ip link set lo up',
  `printf '#!/bin/sh\\nexec ${process.execPath} ${join(ROOT, 'dist/tsnet-shoot.js')} "$@"\\n' >/run/bin/tsnet-shoot`,
  'chmod +x /run/bin/tsnet-shoot',
  'echo ready',
  'cat >/dev/null',
].join('\n')

/**
 * `node scripts/lab-docs.mjs [NAME…]`, as root: runs every command of docs/labs/NAME.md and writes what it printed
 * below it. A block `console` holds lines that begin with `$ ` and what comes out of them.
 */
await build()
const names = process.argv.slice(2)
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.md'))
for (const file of files) {
  if (names.length > 0 && !names.includes(file.replace(/\.md$/, ''))) continue
  await rewrite(join(FOLDER, file))
}

/** @param {string} path */
async function rewrite(path) {
  const text = readFileSync(path, 'utf8')
  const world = spawn(
    'unshare',
    ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', FIRST_PROCESS],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  await new Promise((resolve) => world.stdout.once('data', resolve))
  const pid = readFileSync(`/proc/${world.pid}/task/${world.pid}/children`, 'utf8').trim()
  writeFileSync(
    path,
    text.replaceAll(CONSOLE_BLOCK, (_, block) => `\`\`\`console\n${runBlock(pid, block)}\`\`\``),
  )
  world.stdin.end()
  await new Promise((resolve) => world.once('exit', resolve))
}

/** @param {string} pid of the world's first process @param {string} block @returns {string} */
function runBlock(pid, block) {
  const commands = block.split('\n').filter((/** @type {string} */ line) => line.startsWith('$ '))
  return commands.map((/** @type {string} */ line) => `${line}\n${runInWorld(pid, line.slice(2))}`).join('')
}

/** @param {string} pid @param {string} command */
function runInWorld(pid, command) {
  const enter = ['-t', pid, '--net', '--mount', '--pid', '--uts', '--', 'sh', '-c', `PATH=/run/bin:$PATH; ${command}`]
  const { stdout, stderr, status } = spawnSync('nsenter', enter, { encoding: 'utf8', timeout: 120_000, cwd: '/' })
  process.stderr.write(`${status === 0 ? 'ok' : `status ${status}`}: ${command}\n`)
  const lines = `${stdout}${stderr}`.split('\n').map((line) => line.trimEnd())
  return `${lines.join('\n').trimEnd()}\n`.replace(/^\n$/, '')
}
