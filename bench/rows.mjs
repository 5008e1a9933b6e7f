import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeLab, must, removeLab } from './lab.mjs'
import { inTurn, median, ms, timeOf } from './measure.mjs'

/**
 * @typedef {{ name: string, ours: string, peer: string, peerName: string, ratio: number, budget: string, ok: boolean }} Result
 * @typedef {{ name: string, measure: () => Result[] }} Row
 */

const PROGRAM = fileURLToPath(new URL('../dist/tsnet-shoot.js', import.meta.url))
const SNAPSHOT = [process.execPath, PROGRAM, 'snapshot', '--kinds', 'links,addrs,routes,rules,neigh,fdb']
/** What a script with iproute2 has to ask of each namespace for the same facts. */
const IP_LOOP = `for path in /run/netns/*; do n=\${path##*/}
ip -n $n -j -d link; ip -n $n -j addr; ip -n $n -j route show table all; ip -n $n -j -6 route show table all
ip -n $n -j rule; ip -n $n -j -6 rule; ip -n $n -j neigh; bridge -n $n -j fdb; done`

/** @param {string} name @param {{ours: number, peer: number}} times @param {string} peerName @param {number} most @param {string} budget @returns {Result} */
function result(name, { ours, peer }, peerName, most, budget) {
  const ratio = ours / peer
  return { name, ours: ms(ours), peer: ms(peer), peerName, ratio, budget, ok: ratio <= most }
}

/** @param {number} count @param {{loop: number, plotnetcfg: number}} most */
function snapshotRow(count, most) {
  return {
    name: `snapshot-${count}`,
    measure: () => {
      makeLab(count)
      try {
        const ours = () => timeOf(SNAPSHOT)
        const loop = inTurn(ours, () => timeOf(['sh', '-c', IP_LOOP]), count > 500 ? 1 : 3)
        const plot = inTurn(ours, () => timeOf(['plotnetcfg']), 5)
        return [
          result(`snapshot-${count}`, loop, 'ip and bridge loop', 1 / most.loop, `≥ ${most.loop}× faster`),
          result(`snapshot-${count}`, plot, 'plotnetcfg', most.plotnetcfg, `≤ ${most.plotnetcfg}×`),
        ]
      } finally {
        removeLab(count)
      }
    },
  }
}

/** @param {string[]} words */
function coldRow(words) {
  return {
    name: `cold-${words[0]?.replaceAll('-', '')}`,
    measure: () => {
      const times = inTurn(
        () => timeOf([process.execPath, PROGRAM, ...words]),
        () => timeOf([process.execPath, '-e', '0']),
        11,
      )
      return [result(`cold ${words.join(' ')}`, times, 'node -e 0', 1.6, '≤ 1.6×')]
    },
  }
}

/** @param {number} rules @param {number} rounds */
function rulesRow(rules, rounds) {
  return {
    name: `rules-${rules}`,
    measure: () => {
      const lines = Array.from(
        { length: rules },
        (_, n) =>
          `-A INPUT -s 10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}/32 -p tcp -m tcp --dport ${1 + (n % 65_000)} -m comment --comment "rule ${n}" -j ACCEPT`,
      )
      must('iptables-legacy-restore', [], `*filter\n:INPUT ACCEPT [0:0]\n${lines.join('\n')}\nCOMMIT\n`)
      try {
        const times = inTurn(
          () => timeOf([process.execPath, PROGRAM, 'snapshot', '--kinds', 'firewall', '-n', 'host']),
          () => timeOf(['iptables-legacy-save', '-c']),
          rounds,
        )
        const start = median(Array.from({ length: 3 }, () => timeOf([process.execPath, PROGRAM, 'ns'])))
        const parsing = { ours: Math.max(0, times.ours - times.peer - start), peer: times.peer }
        return [
          result(`${rules} rules, parsing`, parsing, 'iptables-save', 2, '≤ 2×'),
          result(`${rules} rules, whole program`, times, 'iptables-save', Number.POSITIVE_INFINITY, 'shown only'),
        ]
      } finally {
        must('iptables-legacy', ['-F', 'INPUT'])
      }
    },
  }
}

/** @param {number} entries */
function conntrackRow(entries) {
  return {
    name: 'conntrack',
    measure: () => {
      const folder = mkdtempSync(join(tmpdir(), 'tsnet-bench-'))
      try {
        const file = join(folder, 'entries')
        const lines = Array.from({ length: entries }, (_, n) => {
          const source = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
          return `-I -s ${source} -d 192.0.2.1 -p udp --sport ${1024 + (n % 60_000)} --dport 53 -t 3600`
        })
        writeFileSync(file, `${lines.join('\n')}\n`)
        must('conntrack', ['--load-file', file])
        const times = inTurn(
          () => timeOf([process.execPath, PROGRAM, 'show', 'conntrack', '-n', 'host', '--json']),
          () => timeOf(['conntrack', '-L', '-o', 'extended']),
          3,
        )
        return [result(`conntrack ${entries}, whole program`, times, 'conntrack -L', 1, '≤ 1×')]
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

/** @type {Row[]} */
export const ROWS = [
  coldRow(['--version']),
  coldRow(['ns']),
  snapshotRow(10, { loop: 1, plotnetcfg: 20 }),
  snapshotRow(200, { loop: 25, plotnetcfg: 1.6 }),
  snapshotRow(1000, { loop: 50, plotnetcfg: 0.25 }),
  rulesRow(50_000, 3),
  rulesRow(700_000, 1),
  conntrackRow(100_000),
]
