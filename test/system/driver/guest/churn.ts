import type { Controller } from '../../../../src/driver/controller/controller.ts'
import type { NetworkRequest } from '../../../../src/driver/model.ts'

const WORKERS = 6
const SANDBOXES = 8
const NETWORKS: readonly NetworkRequest[] = [
  { name: 'br0', driver: 'bridge', ipam: { pools: [{ subnet: '10.20.0.0/24' }] } },
  {
    name: 'br1',
    driver: 'bridge',
    enableIpv6: true,
    ipam: { pools: [{ subnet: '10.21.0.0/24' }, { subnet: 'fd00:21::/64' }] },
  },
  { name: 'auto', driver: 'bridge' },
  { name: 'mv', driver: 'macvlan', options: { parent: 'up0' }, ipam: { pools: [{ subnet: '10.9.0.0/24' }] } },
  { name: 'inner', driver: 'macvlan', options: { parent: 'up0' }, internal: true },
]

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Makes, connects, disconnects and removes at random, several at a time, until somebody ends the process. */
export async function churn(controller: Controller, seed: number): Promise<never> {
  const random = randomNumbers(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const sandbox = () => `s${below(SANDBOXES)}`
  const network = () => NETWORKS[below(NETWORKS.length)]?.name ?? ''
  const ports = () => (random() < 0.3 ? [portBinding(8000 + below(50))] : [])
  const operations = [
    () => controller.createNetwork(NETWORKS[below(NETWORKS.length)] as NetworkRequest),
    () => controller.createSandbox({ name: sandbox() }),
    () => controller.connect({ sandbox: sandbox(), network: network(), portBindings: ports() }),
    () => controller.connect({ sandbox: sandbox(), network: network(), portBindings: ports() }),
    () => controller.disconnect(sandbox(), network()),
    () => controller.removeSandbox(sandbox()),
    () => controller.removeNetwork(network()),
  ]
  const work = async (): Promise<never> => {
    // what is there already, or not there, is refused: both belong to it
    for (;;) await operations[below(operations.length)]?.().catch(() => undefined)
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  throw new Error('unreachable')
}

function portBinding(hostPort: number) {
  return { protocol: 'tcp', port: 80, hostPort, hostPortEnd: hostPort } as const
}
