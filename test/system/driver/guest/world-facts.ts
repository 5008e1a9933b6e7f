import { setTimeout as wait } from 'node:timers/promises'
import type { World } from '../../../helpers/netns-world.ts'
import { STATE, TAG } from './setting.ts'

/** What a controller can leave in a world: links, namespaces, rules, files. */
export interface Leftovers {
  readonly links: readonly string[]
  readonly namespaces: readonly string[]
  readonly rules: readonly string[]
  readonly files: readonly string[]
}

export const sandbox = (name: string) => `${TAG}:${name}`

export async function leftovers(world: World): Promise<Leftovers> {
  const lines = async (command: string) => (await world.run('sh', ['-c', command])).split('\n').filter(Boolean)
  return {
    links: (await lines('ls /sys/class/net')).sort(),
    namespaces: (await lines('ls /run/netns')).sort(),
    rules: (await lines('iptables-save; ip6tables-save')).filter((line) => /^-A/.test(line)),
    files: await lines(`mkdir -p ${STATE}; find ${STATE} -type f`),
  }
}

/**
 * Waits until nothing is left but this: the kernel takes a namespace's links away a while after its name. @returns what
 * is there in the end
 */
export async function settledLeftovers(world: World, expected: Leftovers): Promise<Leftovers> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const found = await leftovers(world)
    if (JSON.stringify(found) === JSON.stringify(expected) || Date.now() > deadline) return found
    await wait(50)
  }
}
