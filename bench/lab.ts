import { writeFile } from 'node:fs/promises'
import type { BenchContext } from './context.ts'
import { execute } from './measure.ts'

const PER_BRIDGE = 100
const FOLDER = '/run/bench'

/** No router will answer; asking for one for ever would keep the counters of an idle host moving. */
const QUIET = "nsenter --net=/run/netns/$name sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/router_solicitations'"

/**
 * Grows the host of the benchmark to `count` containers, as an engine makes them: a namespace each with a veth end in one of
 * the host's bridges, an IPv4 and an IPv6 address, default routes, a static forwarding entry and neighbours on both sides.
 */
export async function growLab(context: BenchContext, count: number): Promise<void> {
  const { lab } = context
  if (lab.length >= count) return
  context.say(`making ${count - lab.length} namespaces`)
  const numbers = Array.from({ length: count - lab.length }, (_, position) => lab.length + position)
  await execute('mkdir', ['-p', FOLDER])
  const missing = numbers.filter((number) => number % PER_BRIDGE === 0).map((number) => number / PER_BRIDGE)
  await batch('ip', 'bridges', missing.flatMap(bridge))
  await batch(
    'ip',
    'namespaces',
    numbers.map((number) => `netns add ${nameOf(number)}`),
  )
  await batch('ip', 'host', numbers.flatMap(hostSide))
  await batch(
    'bridge',
    'fdb',
    numbers.map((number) => `fdb add ${macOf(number)} dev ve${number} master static`),
  )
  for (const number of numbers) await writeFile(`${FOLDER}/${nameOf(number)}`, `${inside(number).join('\n')}\n`)
  await execute('sh', [
    '-c',
    `set -e; for name in ${numbers.map(nameOf).join(' ')}; do ip -n $name -batch ${FOLDER}/$name; ${QUIET}; done`,
  ])
  lab.push(...numbers.map(nameOf))
}

async function batch(tool: string, file: string, lines: readonly string[]): Promise<void> {
  await writeFile(`${FOLDER}/${file}`, `${lines.join('\n')}\n`)
  await execute(tool, ['-batch', `${FOLDER}/${file}`])
}

export function nameOf(number: number): string {
  return `c${number}`
}

function macOf(number: number): string {
  return `02:00:00:00:${hex(number >> 8)}:${hex(number & 255)}`
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0')
}

function bridge(number: number): string[] {
  return [
    `link add br${number} type bridge`,
    `addr add 10.${number}.255.254/16 dev br${number}`,
    `addr add fd00:${number}::ffff/64 dev br${number} nodad`,
    `link set br${number} up`,
  ]
}

function hostSide(number: number): string[] {
  const group = Math.floor(number / PER_BRIDGE)
  return [
    `link add ve${number} type veth peer name eth0 address ${macOf(number)} netns ${nameOf(number)}`,
    `link set ve${number} master br${group} up`,
    `neigh add 10.${group}.0.${(number % PER_BRIDGE) + 1} lladdr ${macOf(number)} dev br${group} nud permanent`,
  ]
}

function inside(number: number): string[] {
  const group = Math.floor(number / PER_BRIDGE)
  const host = (number % PER_BRIDGE) + 1
  return [
    'link set lo up',
    `addr add 10.${group}.0.${host}/16 dev eth0`,
    `addr add fd00:${group}::${host}/64 dev eth0 nodad`,
    'link set eth0 up',
    `route add default via 10.${group}.255.254 dev eth0`,
    `route add default via fd00:${group}::ffff dev eth0`,
    `neigh add 10.${group}.255.254 lladdr 02:ff:00:00:00:01 dev eth0 nud permanent`,
    `neigh add 10.${group}.0.250 lladdr 02:ff:00:00:00:02 dev eth0 nud stale`,
  ]
}
