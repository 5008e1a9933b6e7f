import type { NetworkRequest } from '../../../../src/driver/model.ts'
import type { DockerRules } from '../../../../src/driver/networks/parented-network.ts'
import { bundleProgram } from '../../../helpers/netns-program.ts'
import { openWorld, type World } from '../../../helpers/netns-world.ts'
import { openRemote, type RemoteController } from './controller-client.ts'
import { type Leftovers, leftovers, sandbox, settledLeftovers } from './world-facts.ts'

export interface LinkRow {
  readonly ifname: string
  readonly address: string
  readonly mtu: number
  readonly ifalias?: string
  readonly flags: readonly string[]
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: Readonly<Record<string, unknown>> }
}

/**
 * A machine with a link to another one: `up0` here, `far0` in the namespace `far`, which has the addresses 10.9.0.1/24
 * and fd00:9::1/64 on it.
 */
export class NetworkWorld {
  readonly world: World
  readonly #program: string
  readonly #before: Leftovers

  private constructor(world: World, program: string, before: Leftovers) {
    this.world = world
    this.#program = program
    this.#before = before
  }

  static async open(): Promise<NetworkWorld> {
    const program = await bundleProgram('test/system/driver/guest/controller-server.ts')
    const world = await openWorld()
    await world.run('sh', ['-ec', SET_UP])
    return new NetworkWorld(world, program, await leftovers(world))
  }

  controller(rules?: DockerRules): Promise<RemoteController> {
    return openRemote(this.world, this.#program, rules)
  }

  /** Everything goes. @returns what is left that was not there before, and what was and is not */
  async clear(controller: RemoteController): Promise<{ before: Leftovers; after: Leftovers }> {
    for (const { name } of await controller.sandboxes()) await controller.removeSandbox(name)
    for (const { name } of await controller.networks()) await controller.removeNetwork(name)
    await controller.close()
    return { before: this.#before, after: await settledLeftovers(this.world, this.#before) }
  }

  /** A network, and sandboxes connected to it. */
  async connected(controller: RemoteController, network: NetworkRequest, ...names: string[]): Promise<void> {
    await controller.createNetwork(network)
    for (const name of names) {
      await controller.createSandbox({ name })
      await controller.connect({ sandbox: name, network: network.name })
    }
  }

  /** @param namespace name of a sandbox; absent = the host's */
  async links(name?: string): Promise<LinkRow[]> {
    const inside = name === undefined ? [] : ['-n', sandbox(name)]
    return JSON.parse(await this.world.run('ip', [...inside, '-j', '-d', 'link'])) as LinkRow[]
  }

  async link(name: string, ofSandbox?: string): Promise<LinkRow | undefined> {
    return (await this.links(ofSandbox)).find(({ ifname }) => ifname === name)
  }

  ip(words: string, namespace?: string): Promise<string> {
    return this.world.run('ip', [...(namespace === undefined ? [] : ['-n', namespace]), ...words.split(' ')])
  }

  async reaches(from: string, address: string): Promise<boolean> {
    const options = { namespace: sandbox(from) }
    return (await this.world.tryRun('ping', ['-c1', '-W2', address], options)).status === 0
  }

  close(): Promise<void> {
    return this.world.close()
  }
}

const SET_UP = `
ip netns add far
ip link add up0 type veth peer name far0 netns far
ip link set up0 up
ip -n far link set lo up
ip -n far link set far0 up
ip -n far addr add 10.9.0.1/24 dev far0
ip -n far addr add fd00:9::1/64 dev far0 nodad
`
