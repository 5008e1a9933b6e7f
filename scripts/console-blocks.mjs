import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ROOT } from './build.mjs'

const CONSOLE_BLOCK = /^```console\n([\s\S]*?)^```$/gm

/** A machine of its own, as the tests have it: nothing of this one is seen or changed. */
const FIRST_PROCESS = [
  'set -e',
  'mount -t tmpfs -o mode=755 tsnet-docs /run',
  'mkdir -p /run/netns /run/bin /run/checkout',
  // it may lie below /tmp
  'mount --bind "$1" /run/checkout',
  'mount -t tmpfs -o mode=1777 tsnet-docs /tmp',
  'mount -t sysfs tsnet-docs /sys',
  'hostname machine',
  'ip link set lo up',
  `printf '#!/bin/sh\\nexec ${process.execPath} /run/checkout/dist/tsnet-shoot.js "$@"\\n' >/run/bin/tsnet-shoot`,
  'chmod +x /run/bin/tsnet-shoot',
  'echo ready',
  'cat >/dev/null',
].join('\n')

const OPEN_WORLD = ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc']

/**
 * A page with every command of its `console` blocks run again, as root, and what it printed below it. Such a block
 * holds lines that begin with `$ ` and what comes out of them.
 * @param {string} text
 * @returns {Promise<string>}
 */
export async function runAgain(text) {
  const words = [...OPEN_WORLD, 'sh', '-c', FIRST_PROCESS, 'sh', ROOT]
  const world = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise((resolve) => world.stdout.once('data', resolve))
  const pid = readFileSync(`/proc/${world.pid}/task/${world.pid}/children`, 'utf8').trim()
  let fresh = ''
  let end = 0
  for (const { 0: whole, 1: block = '', index } of text.matchAll(CONSOLE_BLOCK)) {
    fresh += `${text.slice(end, index)}\`\`\`console\n${await runBlock(pid, block)}\`\`\``
    end = index + whole.length
  }
  world.stdin.end()
  await new Promise((resolve) => world.once('exit', resolve))
  return fresh + text.slice(end)
}

/** @param {string} pid of the world's first process @param {string} block */
async function runBlock(pid, block) {
  let text = ''
  for (const line of block.split('\n').filter((each) => each.startsWith('$ '))) {
    text += `${line}\n${await runInWorld(pid, line.slice(2))}`
  }
  return text
}

/**
 * What a command says on stdout, and then what on stderr.
 * @param {string} pid @param {string} command @returns {Promise<string>}
 */
function runInWorld(pid, command) {
  const enter = ['-t', pid, '--net', '--mount', '--pid', '--uts', '--', 'sh', '-c', `PATH=/run/bin:$PATH; ${command}`]
  return new Promise((resolve) => {
    execFile('nsenter', enter, { timeout: 120_000, cwd: '/', maxBuffer: 2 ** 26 }, (_, stdout, stderr) => {
      const lines = `${stdout}${stderr}`.split('\n').map((line) => line.trimEnd())
      resolve(`${lines.join('\n').trimEnd()}\n`.replace(/^\n$/, ''))
    })
  })
}

/** Times, rates, counters and numbers of the kernel, and names and MACs that chance chose: another each time. */
const VOLATILE = /** @type {readonly (readonly [RegExp, string])[]} */ ([
  [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, 'MAC'],
  [/\b\d{1,2}:\d\d:\d\d(?:\.\d+)?\b/g, 'TIME'],
  [/\bveth[0-9a-f]{7}\b/g, 'VETH'],
  [/\b(?:REACHABLE|STALE|DELAY|PROBE|reachable|stale|learnt|learned|delay|probe)(?: just now)?\b/g, 'STATE'],
  [/\b(pid|id|process|inode|tx|rx|retransmits) \d+/g, '$1 N'],
  [/\((\d+)\)/g, '(N)'],
  [/\b\d+ of \d+\b/g, 'N of N'],
  [/\b\d+ (journeys|steps)\b/g, 'N $1'],
  [/\b\d+(?:\.\d+)? ?(?:[mµun]?s|[kMG]?bit\/s|[kMG]?B|%)(?![\w/])/g, 'FIGURE'],
  [/[▁▂▃▄▅▆▇█]+/g, 'CHART'],
  [/[ \t]+/g, ' '],
])

/**
 * What two runs of a page have in common.
 * @param {string} text
 */
export function withoutFigures(text) {
  return VOLATILE.reduce((rest, [pattern, word]) => rest.replace(pattern, word), text)
}
