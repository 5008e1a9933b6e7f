import type { PlanContext, PlannedLink } from './topology-plan.ts'

/** Queueing disciplines that every kernel with tc has; classes give them handles and parents. */
export function trafficControlOf({ random }: PlanContext, links: readonly PlannedLink[]): string[] {
  const lines: string[] = []
  for (const { name } of random.some(links, 0.3)) {
    const root = random.pick(['tbf', 'htb', 'pfifo'])
    if (root === 'tbf') lines.push(`qdisc add dev ${name} root handle 5: tbf rate 10mbit burst 32k latency 50ms`)
    if (root === 'pfifo') lines.push(`qdisc add dev ${name} root pfifo limit ${random.integer(10, 500)}`)
    if (root === 'htb') {
      lines.push(
        `qdisc add dev ${name} root handle 1: htb default 10`,
        `class add dev ${name} parent 1: classid 1:10 htb rate 5mbit`,
        `qdisc add dev ${name} parent 1:10 handle 10: pfifo limit 20`,
      )
    }
    if (random.chance(0.5)) lines.push(`qdisc add dev ${name} ${random.pick(['ingress', 'clsact'])}`)
  }
  return lines
}
