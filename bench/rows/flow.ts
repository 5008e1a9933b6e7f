import { writeFile } from 'node:fs/promises'
import type { BenchContext, Benchmark } from '../context.ts'
import { growLab } from '../lab.ts'
import { execute, output } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const RULES = '/run/bench-rules'
const SNAPSHOT = '/run/bench-facts'
/** Nobody listens: without sockets among the facts it is taken that somebody does. */
const KINDS = 'links,addrs,routes,rules,neigh,fdb,firewall'
const PORT = 80
const SIDE = 100
const SWITCH = '/proc/sys/net/bridge/bridge-nf-call-iptables'

interface Scale {
  readonly rules: number
  /** Budgets in milliseconds: one path, and SIDE × SIDE of them. */
  readonly path: number
  readonly matrix?: number
}

/**
 * Containers on a bridge whose frames pass the host's rules: how long it takes to say where a packet goes, where its answer
 * goes, and the acknowledgement. Reading the facts is not in it.
 */
export const FLOW: Benchmark = {
  name: 'flow',
  run: async (context) => {
    await growLab(context, SIDE)
    await shell(`echo 1 > ${SWITCH}`)
    const small = await measure(context, { rules: 100, path: 1 })
    const large = await measure(context, { rules: 10_000, path: 10, matrix: 5000 })
    await shell(`iptables -F; iptables -X; iptables -t nat -F; iptables -t nat -X; echo 0 > ${SWITCH}`)
    return [...small, ...large]
  },
}

/** What bench/predict-paths.ts prints, in milliseconds. */
interface Measured {
  readonly first: number
  readonly cold: number
  readonly warm: number
  readonly matrix: number
}

async function measure(context: BenchContext, { rules, path, matrix }: Scale): Promise<Row[]> {
  context.say(`predicting with ${rules} rules`)
  await writeFile(RULES, rulesOf(rules).join('\n'))
  await shell(`iptables-restore < ${RULES}`)
  await shell(`${process.execPath} ${context.program} snapshot --kinds ${KINDS} > ${SNAPSHOT}`)
  const program = `${context.programs}/predict-paths.mjs`
  const words = ['--expose-gc', program, SNAPSHOT, String(SIDE), String(PORT)]
  const measured = JSON.parse(await output(process.execPath, words)) as Measured
  const row = (name: string, ms: number, atMost?: number): Row => ({
    name: `path, ${rules} rules: ${name}`,
    ours: milliseconds(ms),
    figure: ms,
    unit: 'ms',
    ...(atMost === undefined ? {} : { budget: { atMost } }),
  })
  return [
    row('median', measured.warm, path),
    row('the first one of new facts', measured.cold, Math.max(path, 10)),
    row('the first one of a new process, its own code compiled as well', measured.first),
    ...(matrix === undefined ? [] : [row(`${SIDE} × ${SIDE}`, measured.matrix, matrix)]),
  ]
}

function shell(command: string): Promise<void> {
  return execute('sh', ['-c', command])
}

/** Half published ports as Docker writes them, a quarter services as kube-proxy does, a quarter addresses that are banned. */
function rulesOf(count: number): string[] {
  const ports = Array.from({ length: count / 4 }, (_, number) => number)
  const services = Array.from({ length: count / 16 }, (_, number) => number)
  const target = (number: number) => `10.0.0.${(number % SIDE) + 1}`
  const published = (number: number) => 10_000 + number
  const address = (number: number) => `10.96.${number >> 8}.${number & 255}`
  return [
    '*nat',
    ...['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((chain) => `:${chain} ACCEPT [0:0]`),
    ':DOCKER - [0:0]',
    ':KUBE-SERVICES - [0:0]',
    ...services.flatMap((number) => [`:KUBE-SVC-${number} - [0:0]`, `:KUBE-SEP-${number} - [0:0]`]),
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    ...ports.map(
      (number) =>
        `-A DOCKER ! -i br0 -p tcp -m tcp --dport ${published(number)} -j DNAT --to-destination ${target(number)}:80`,
    ),
    ...services.flatMap((number) => [
      `-A KUBE-SERVICES -d ${address(number)}/32 -p tcp -m comment --comment "shop/s${number} cluster IP" -m tcp --dport 80 -j KUBE-SVC-${number}`,
      `-A KUBE-SVC-${number} -m comment --comment "shop/s${number} -> ${target(number)}:80" -j KUBE-SEP-${number}`,
      `-A KUBE-SEP-${number} -s ${target(number)}/32 -j MARK --set-xmark 0x4000/0x4000`,
      `-A KUBE-SEP-${number} -p tcp -m tcp -j DNAT --to-destination ${target(number)}:80`,
    ]),
    'COMMIT',
    '*filter',
    ...['INPUT', 'FORWARD', 'OUTPUT'].map((chain) => `:${chain} ACCEPT [0:0]`),
    ':DOCKER - [0:0]',
    ':BANNED - [0:0]',
    '-A FORWARD -j BANNED',
    '-A FORWARD -j DOCKER',
    ...ports.map((number) => `-A BANNED -s 198.51.${number >> 8}.${number & 255}/32 -j DROP`),
    ...ports.map((number) => `-A DOCKER -d ${target(number)}/32 ! -i br0 -o br0 -p tcp -m tcp --dport 80 -j ACCEPT`),
    'COMMIT',
    '',
  ]
}
