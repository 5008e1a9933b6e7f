import type { PlanContext, SocketPlan } from './topology-plan.ts'

/** Listeners of every kind that a program without libraries can open. */
export function socketsOf({ random, position }: PlanContext): SocketPlan {
  const port = () => random.integer(2000, 30000)
  const addresses = ['0.0.0.0', '127.0.0.1', '::', '::1', '127.0.0.2']
  const tcp = random.times(random.integer(0, 4), () => [random.pick(addresses), port()] as const)
  const loopback = random.times(random.integer(0, 2), () => ['127.0.0.1', port()] as const)
  return {
    tcp: [...tcp, ...loopback],
    udp: random.times(random.integer(0, 3), () => [random.pick(addresses), port()] as const),
    unix: random.times(random.integer(0, 2), (number) => `\0ts-oracle-${position}-${number}`),
    connect: loopback.map(([, number]) => number),
  }
}
