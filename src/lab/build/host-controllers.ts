import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Controller } from '../../driver/controller/controller.ts'
import { NativeIpam } from '../../driver/ipam/native-ipam.ts'
import { BridgeDriver } from '../../driver/networks/bridge/bridge-driver.ts'
import { HostDriver } from '../../driver/networks/host.ts'
import { IpvlanDriver } from '../../driver/networks/ipvlan.ts'
import { MacvlanDriver } from '../../driver/networks/macvlan.ts'
import { NoneDriver } from '../../driver/networks/none.ts'
import { OverlayDriver } from '../../driver/networks/overlay/overlay-driver.ts'
import type { DockerSettings } from '../topology/topology.ts'
import { labTag, namespacePath, overlayName, stateFolder } from './lab-paths.ts'
import type { Machines } from './machines.ts'
import { overlayKeys } from './overlay-keys.ts'
import { RecordedProxies } from './recorded-proxies.ts'

/** What stands in for the Docker Engine of one host of a lab. */
export interface HostEngine {
  readonly controller: Controller
  /** Is told of the containers of other hosts. */
  readonly overlay: OverlayDriver
  readonly proxies: RecordedProxies
  readonly docker: DockerSettings
  close(): void
}

/** What engines must know of the lab that they are in. */
export interface KnownLab {
  docker(host: string): DockerSettings
  networkName(networkId: string): string
  /** The address that others know a host by; undefined = it is in no overlay. */
  vtep(host: string): string | undefined
}

/** The engines of the hosts of a lab, each opened when it is first needed. */
export class HostControllers {
  readonly #machines: Machines
  readonly #known: KnownLab
  readonly #open = new Map<string, Promise<HostEngine>>()

  constructor(machines: Machines, known: KnownLab) {
    this.#machines = machines
    this.#known = known
  }

  get(host: string): Promise<HostEngine> {
    let engine = this.#open.get(host)
    if (engine === undefined) {
      engine = openEngine(this.#machines, host, this.#known)
      this.#open.set(host, engine)
    }
    return engine
  }

  /** Names of the hosts whose engine is open. */
  async opened(): Promise<ReadonlyMap<string, HostEngine>> {
    const engines = await Promise.all([...this.#open].map(async ([host, engine]) => [host, await engine] as const))
    return new Map(engines)
  }

  /** With all that its engine knew. */
  async forget(host: string): Promise<void> {
    const engine = await this.#open.get(host)?.catch(() => undefined)
    engine?.close()
    this.#open.delete(host)
    rmSync(hostFolder(this.#machines.lab, host), { recursive: true, force: true })
  }

  async close(): Promise<void> {
    for (const opening of this.#open.values()) {
      const engine = await opening.catch(() => undefined)
      engine?.proxies.save()
      engine?.close()
    }
    this.#open.clear()
  }
}

function hostFolder(lab: string, host: string): string {
  return join(stateFolder(lab), 'hosts', host)
}

async function openEngine(machines: Machines, name: string, known: KnownLab): Promise<HostEngine> {
  const docker = known.docker(name)
  const { lab } = machines
  const folder = hostFolder(lab, name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const host = machines.get(name)
  const tag = labTag(lab)
  const proxies = new RecordedProxies(folder)
  const rules = docker.layout === 20 ? '20.10' : '28'
  const layout = docker.layout === 20 ? 'docker20' : 'docker28'
  const vtep = known.vtep(name)
  const bridge = new BridgeDriver({
    host,
    stateFolder: join(folder, 'bridge'),
    // no engine is in a namespace of ours: its chains are called as an engine's
    firewall: {
      layout,
      backend: docker.backend,
      chainPrefix: 'DOCKER',
    },
    tag,
    ...(docker.userlandProxy ? { userlandProxy: proxies } : {}),
  })
  const overlay = new OverlayDriver({
    host,
    stateFolder: join(folder, 'overlay'),
    tag,
    sandboxPath: (networkId) => namespacePath(lab, overlayName(known.networkName(networkId), name)),
    ...(vtep === undefined ? {} : { encryption: { localAddress: vtep, keys: () => overlayKeys(lab), layout } }),
  })
  const controller = await Controller.open({
    host,
    drivers: [
      bridge,
      overlay,
      new MacvlanDriver({ host, stateFolder: join(folder, 'macvlan'), tag, rules }),
      new IpvlanDriver({ host, stateFolder: join(folder, 'ipvlan'), tag, rules }),
      new HostDriver(),
      new NoneDriver(),
    ],
    ipams: [new NativeIpam({ stateFolder: join(folder, 'ipam') })],
    stateFolder: join(folder, 'controller'),
    tag,
    sandboxPath: (sandbox) => namespacePath(lab, sandbox),
  })
  return {
    controller,
    overlay,
    proxies,
    docker,
    close: () => {
      controller.close()
      bridge.close()
    },
  }
}
