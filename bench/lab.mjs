import { spawnSync } from 'node:child_process'

/**
 * A container host of `count` namespaces on four bridges, each with IPv4, IPv6, a default route and a permanent
 * neighbour, made with `ip -batch` in the namespaces that the bench runs in.
 * @param {number} count
 */
export function makeLab(count) {
  must('mkdir', ['-p', '/run/netns'])
  must('mount', ['-t', 'tmpfs', 'bench', '/run/netns'])
  /** @type {string[]} */
  const host = ['link set lo up']
  for (let bridge = 0; bridge < 4; bridge++) {
    host.push(
      `link add br${bridge} type bridge`,
      `link set br${bridge} up`,
      `addr add 10.${bridge}.0.1/16 dev br${bridge}`,
    )
  }
  for (let n = 0; n < count; n++) {
    host.push(
      `netns add c${n}`,
      `link add v${n} type veth peer name eth0 netns c${n}`,
      `link set v${n} master br${n % 4} up`,
    )
  }
  must('ip', ['-batch', '-'], `${host.join('\n')}\n`)
  for (let n = 0; n < count; n++) must('ip', ['-n', `c${n}`, '-batch', '-'], `${inside(n).join('\n')}\n`)
}

/** @param {number} n */
function inside(n) {
  const bridge = n % 4
  const host = (n >> 2) + 2
  return [
    'link set lo up',
    'link set eth0 up',
    `addr add 10.${bridge}.${Math.floor(host / 250)}.${(host % 250) + 2}/16 dev eth0`,
    `addr add fd00:${bridge}::${(host + 2).toString(16)}/64 dev eth0 nodad`,
    `route add default via 10.${bridge}.0.1`,
    `neigh add 10.${bridge}.0.1 lladdr 02:00:00:00:00:01 dev eth0`,
  ]
}

/** @param {number} count */
export function removeLab(count) {
  const lines = []
  for (let n = 0; n < count; n++) lines.push(`netns del c${n}`)
  for (let bridge = 0; bridge < 4; bridge++) lines.push(`link del br${bridge}`)
  must('ip', ['-batch', '-'], `${lines.join('\n')}\n`)
  must('umount', ['/run/netns'])
}

/** @param {string} program @param {string[]} args @param {string} [input] */
export function must(program, args, input) {
  const child = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    ...(input === undefined ? {} : { input }),
  })
  if (child.error) throw child.error
  if (child.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${child.stderr}`)
  return child.stdout
}
