import { join } from 'node:path'
import type {
  ConnectRequest,
  ControllerOptions,
  Endpoint,
  Network,
  NetworkRequest,
  Sandbox,
  SandboxRequest,
} from '../model.ts'
import { ControllerState } from './controller-state.ts'
import { EndpointLifecycle } from './endpoint-lifecycle.ts'
import { IpamCalls } from './ipam-calls.ts'
import { KeyedMutex } from './keyed-mutex.ts'
import { LinkRemoval } from './link-removal.ts'
import { type NameRecords, nameRecords } from './name-records.ts'
import { NetworkLifecycle } from './network-lifecycle.ts'
import { type ControllerParts, driverNamed } from './parts.ts'
import { Recovery, type RecoveryNote } from './recovery.ts'
import { RetiredAddresses } from './retired-addresses.ts'
import { SandboxLifecycle } from './sandbox-lifecycle.ts'
import { StateLock } from './state-lock.ts'

/**
 * Docker's Container Networking Model on one host: sandboxes, networks of any driver, and the endpoints between them.
 *
 * Every method does all of it or nothing. What concerns one sandbox or one network goes in turn, the rest at once. The
 * state is on disk before the kernel is asked, so a crash at any point is made good by the next `open`. Objects are
 * named by name, id, or the beginning of an id that only one has. Errors are TsnetErrors, worded as Docker words them.
 */
export class Controller {
  readonly #parts: ControllerParts
  readonly #lock: StateLock
  readonly #networks: NetworkLifecycle
  readonly #sandboxes: SandboxLifecycle
  readonly #endpoints: EndpointLifecycle
  #recovery: readonly RecoveryNote[] = []

  private constructor(options: ControllerOptions, lock: StateLock) {
    const { host, tag, stateFolder } = options
    this.#lock = lock
    this.#parts = {
      options,
      state: new ControllerState(stateFolder),
      mutex: new KeyedMutex(),
      ipams: new IpamCalls(options.ipams),
      links: new LinkRemoval(() => host.route, tag),
      retired: new RetiredAddresses(join(stateFolder, 'retired')),
    }
    this.#networks = new NetworkLifecycle(this.#parts)
    this.#endpoints = new EndpointLifecycle(this.#parts)
    this.#sandboxes = new SandboxLifecycle(this.#parts, this.#endpoints)
  }

  /**
   * Takes over what an earlier controller made: adopts what exists, repairs what is half there, deletes what is
   * orphaned. What it found is in {@link recovery}.
   *
   * @throws TsnetError `failed` while another process works on the state folder, `input` when the state is unreadable
   */
  static async open(options: ControllerOptions): Promise<Controller> {
    const lock = StateLock.acquire(options.stateFolder)
    try {
      const controller = new Controller(options, lock)
      await controller.#recover()
      return controller
    } catch (error) {
      lock.release()
      throw error
    }
  }

  async #recover(): Promise<void> {
    const lifecycles = { networks: this.#networks, sandboxes: this.#sandboxes, endpoints: this.#endpoints }
    this.#recovery = await new Recovery(this.#parts, lifecycles).run()
  }

  /** What `open` removed, repaired, or could not. */
  get recovery(): readonly RecoveryNote[] {
    return this.#recovery
  }

  createNetwork(request: NetworkRequest): Promise<Network> {
    return this.#networks.create(request)
  }

  /** @param options.predefined also one of those that are always there */
  removeNetwork(nameOrId: string, options: { readonly predefined?: boolean } = {}): Promise<void> {
    return this.#networks.remove(nameOrId, options)
  }

  createSandbox(request: SandboxRequest): Promise<Sandbox> {
    return this.#sandboxes.create(request)
  }

  /** With its endpoints. The kernel takes away what is in the namespace when its last process ends. */
  removeSandbox(nameOrId: string): Promise<void> {
    return this.#sandboxes.remove(nameOrId)
  }

  connect(request: ConnectRequest): Promise<Endpoint> {
    return this.#endpoints.connect(request)
  }

  disconnect(sandbox: string, network: string): Promise<void> {
    return this.#endpoints.disconnect(sandbox, network)
  }

  networks(): Network[] {
    return [...this.#parts.state.networks.all().values()]
  }

  sandboxes(): Sandbox[] {
    return [...this.#parts.state.sandboxes.all().values()]
  }

  endpoints(): Endpoint[] {
    return [...this.#parts.state.endpoints.all().values()]
  }

  /** What the driver says of an endpoint besides its interface: the ports that its bindings became. */
  async endpointInfo({ id, network }: Endpoint): Promise<Readonly<Record<string, unknown>>> {
    const { driver } = this.#parts.state.network(network)
    return driverNamed(this.#parts, driver).endpointInfo(network, id)
  }

  /** What the embedded DNS of each sandbox is to answer now. */
  nameRecords(): NameRecords {
    return nameRecords(this.networks(), this.sandboxes(), this.endpoints())
  }

  /** Notes where the embedded DNS of a sandbox listens. */
  setDnsPorts(sandbox: string, dnsPorts: { readonly udp: number; readonly tcp: number }): void {
    const { state } = this.#parts
    const found = state.sandbox(sandbox)
    state.sandboxes.put(found.id, { ...found, dnsPorts })
  }

  /** Everything stays; another controller may go on with it. */
  close(): void {
    this.#parts.retired.flush()
    this.#lock.release()
  }
}
