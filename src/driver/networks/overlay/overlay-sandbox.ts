import { setTimeout as wait } from 'node:timers/promises'
import {
  addAddress,
  changeLink,
  createLink,
  createVethPair,
  deleteFdbEntry,
  deleteLink,
  deleteNeighbour,
  dumpLinks,
  type Link,
  NTF,
  type Request,
  replaceFdbEntry,
  replaceNeighbour,
} from 'netlink-ts'
import { TsnetError } from '../../../errors.ts'
import { formatIpNumber, parseCidr } from '../../ipam/cidr.ts'
import { askAll, askKernel, ERRNO, isAbsent, kernelFailure, unlessAbsent } from '../../kernel-failure.ts'
import { linkAlias } from '../../link-alias.ts'
import { NetworkHost } from '../../network-host.ts'
import { randomLinkName } from '../../random-link-name.ts'
import { nextInterfaceName } from '../../sandbox/interface-name.ts'
import { isEmptyFileAt, makeSandboxNamespace, markOf, removeSandboxNamespace } from '../../sandbox/sandbox-namespace.ts'
import { type OverlayEndpoint, type OverlayNetwork, type OverlayPeer, subnetOf } from './overlay-network.ts'

/** IANA; Docker's data path port. */
const VXLAN_PORT = 4789
/** How long a VXLAN device of a namespace that is gone may hold its id yet. */
const LINGERING_MS = 3000
const LINGERING_POLL_MS = 20

/** Where the link for a container's sandbox was made. */
export interface InnerLink {
  readonly inner: string
  readonly madeIn: 'host' | 'sandbox'
}

export interface SandboxPlace {
  /** In whose namespace VXLAN packets are sent and received. */
  readonly host: NetworkHost
  /** Begins every link alias. */
  readonly tag: string
  /** Of the nsfs file. */
  readonly path: string
}

/**
 * The namespace that a network has on a host while a container of this host is in it, as Docker makes it: `br0` with
 * the gateway's address, on it `vxlan0` and for each container `veth0`, `veth1`… There are no rules in it.
 *
 * `vxlan0` is made from the namespace of the host, so that its packets go by the host's routes. It answers ARP itself
 * (`proxy`), from permanent neighbours, and sends each MAC to the host of a permanent FDB entry: there is no flooding.
 */
export class OverlaySandbox {
  readonly #network: OverlayNetwork
  readonly #place: SandboxPlace
  readonly #inside: NetworkHost

  private constructor(network: OverlayNetwork, place: SandboxPlace) {
    this.#network = network
    this.#place = place
    this.#inside = NetworkHost.open(place.path)
  }

  /** Whether there is one. */
  static isThere(network: OverlayNetwork, place: SandboxPlace): boolean {
    return markOf(place.path) === markFor(network, place)
  }

  /** Opens it, made if need be. Close it. @throws TsnetError `failed` when something else is in its place */
  static open(network: OverlayNetwork, place: SandboxPlace): OverlaySandbox {
    if (!OverlaySandbox.isThere(network, place)) {
      if (isEmptyFileAt(place.path)) removeSandboxNamespace(place.path)
      makeSandboxNamespace({ path: place.path, sysctls: {}, alias: markFor(network, place) })
    }
    return new OverlaySandbox(network, place)
  }

  /** With all that is in it. No error when it is not there. */
  static remove(network: OverlayNetwork, place: SandboxPlace): void {
    if (!OverlaySandbox.isThere(network, place)) return
    const sandbox = new OverlaySandbox(network, place)
    try {
      // the kernel takes them away with the namespace, but some time after it: the id would be taken until then
      for (const { index, kind } of sandbox.#links()) {
        if (kind === 'vxlan') sandbox.#ask('delete a VXLAN device', deleteLink({ index }))
      }
    } finally {
      sandbox.close()
    }
    removeSandboxNamespace(place.path)
  }

  close(): void {
    this.#inside.close()
  }

  /** Bridge and VXLAN device of a subnet, whatever is missing of them. @returns whether the device is new */
  async ensureSubnet(position: number): Promise<boolean> {
    const names = linkNames(position)
    if (this.#find(names.bridge) === undefined) this.#makeBridge(position, names.bridge)
    const isNew = this.#find(names.vxlan) === undefined
    if (isNew) await this.#makeVxlan(position, names.vxlan)
    const bridge = this.#indexOf(names.bridge)
    askAll(this.#inside.route, `overlay segment ${position}`, [
      { what: `set ${names.bridge} up`, request: changeLink(bridge, { up: true }) },
      {
        what: `put ${names.vxlan} on ${names.bridge}`,
        request: changeLink(this.#indexOf(names.vxlan), { master: bridge, up: true }),
      },
    ])
    return isNew
  }

  #makeBridge(position: number, name: string): void {
    const { gateway } = this.#network.subnets[position] ?? { gateway: '' }
    const [address = '', length = ''] = gateway.split('/')
    const { family, last } = parseCidr(gateway)
    const { mtu } = this.#network
    askAll(this.#inside.route, `overlay bridge ${name}`, [
      {
        what: 'make it',
        // frames carry no VLANs here (libnetwork sets the same, where the kernel has it)
        request: createLink({ kind: 'bridge', name, mtu, info: { kind: 'bridge', vlanDefaultPvid: 0 } }),
      },
    ])
    const broadcast = formatIpNumber({ family, value: last })
    const index = this.#indexOf(name)
    const spec = { index, address, prefixLength: Number(length), broadcast }
    this.#require(`add address ${gateway} to ${name}`, addAddress(spec))
  }

  async #makeVxlan(position: number, name: string): Promise<void> {
    const { route } = this.#place.host
    const request = createLink({
      kind: 'vxlan',
      name,
      mtu: this.#network.mtu,
      namespace: { fd: this.#inside.fd },
      info: {
        kind: 'vxlan',
        vni: this.#network.subnets[position]?.vni ?? 0,
        port: VXLAN_PORT,
        learning: true,
        proxy: true,
        l2miss: true,
        l3miss: true,
        udpChecksum: true,
      },
    })
    const deadline = performance.now() + LINGERING_MS
    for (;;) {
      const [error] = route.batch([request])
      if (error === undefined) return
      if (error.errno !== ERRNO.EEXIST || performance.now() > deadline) throw kernelFailure(`make link ${name}`, error)
      await wait(LINGERING_POLL_MS)
    }
  }

  /** The pair of links of a container, unless it is there. @param sandboxFd absent = its end is left with the host */
  attach(endpoint: OverlayEndpoint, sandboxFd: number | undefined): InnerLink {
    const present = this.#outerOf(endpoint.id)
    const { inner, madeIn } = endpoint
    if (present !== undefined && inner !== undefined && madeIn !== undefined) return { inner, madeIn }
    const made: InnerLink = { inner: randomLinkName(), madeIn: sandboxFd === undefined ? 'host' : 'sandbox' }
    const name = nextInterfaceName('veth', new Set(this.#links().map((link) => link.name)))
    const { mtu } = this.#network
    const { host, tag } = this.#place
    const common = { txQueueLength: 0, mtu }
    const alias = linkAlias(tag, { kind: 'endpoint', id: endpoint.id })
    const master = this.#indexOf(linkNames(subnetOf(this.#network, endpoint.address)).bridge)
    const there = { namespace: { fd: sandboxFd ?? host.fd } }
    const [creation, change] = this.#inside.route.batch([
      createVethPair(name, { ...common, name: made.inner, mac: endpoint.mac, ...there }, { ...common, master }),
      changeLink(0, { name, alias, up: true }),
    ])
    const error = creation ?? change
    if (error !== undefined) {
      if (creation === undefined) this.detach(endpoint.id)
      throw kernelFailure(`make link ${name} of the overlay`, error)
    }
    if (sandboxFd === undefined) {
      askKernel(`mark link ${made.inner}`, () => host.route.request(changeLink(0, { name: made.inner, alias })))
    }
    return made
  }

  /** Takes away a container's pair of links. No error when there is none. */
  detach(endpointId: string): void {
    const outer = this.#outerOf(endpointId)
    if (outer !== undefined) this.#ask(`delete link ${outer.name}`, deleteLink({ index: outer.index }))
  }

  /** Neighbour first, then FDB entry, as Docker's driver. Those of subnets that are not here yet are left out. */
  addPeers(peers: readonly OverlayPeer[]): void {
    const indexes = this.#vxlanIndexes()
    const requests = peers.flatMap(({ address, mac, vtep }) => {
      const index = indexes.get(subnetOf(this.#network, address))
      if (index === undefined) return []
      return [
        replaceNeighbour({ index, address: plain(address), mac }),
        replaceFdbEntry({ index, mac, destination: vtep, flags: NTF.SELF }),
      ]
    })
    const error = this.#inside.route.batch(requests).find((each) => each !== undefined)
    if (error !== undefined) throw kernelFailure('peers of the overlay', error)
  }

  /** Its FDB entry, what the bridge has learned of it, its neighbour. No error for what is not there. */
  removePeer({ address, mac, vtep }: OverlayPeer): void {
    const index = this.#vxlanIndexes().get(subnetOf(this.#network, address))
    if (index === undefined) return
    const errors = this.#inside.route.batch([
      deleteFdbEntry({ index, mac, destination: vtep, flags: NTF.SELF }),
      deleteFdbEntry({ index, mac, flags: NTF.MASTER }),
      deleteNeighbour({ index, address: plain(address) }),
    ])
    const error = errors.find((each) => each !== undefined && !isAbsent(each))
    if (error !== undefined) throw kernelFailure(`remove peer ${address} of the overlay`, error)
  }

  #vxlanIndexes(): ReadonlyMap<number, number> {
    const byName = new Map(this.#links().map(({ name, index }) => [name, index]))
    return new Map(
      [...this.#network.subnets.keys()].flatMap((position) => {
        const index = byName.get(linkNames(position).vxlan)
        return index === undefined ? [] : [[position, index] as const]
      }),
    )
  }

  #outerOf(endpointId: string): Link | undefined {
    const alias = linkAlias(this.#place.tag, { kind: 'endpoint', id: endpointId })
    return this.#links().find((link) => link.alias === alias)
  }

  #links(): Link[] {
    return askKernel('list links of the overlay', () => dumpLinks(this.#inside.route))
  }

  #find(name: string): Link | undefined {
    return this.#links().find((link) => link.name === name)
  }

  #indexOf(name: string): number {
    const link = this.#find(name)
    if (link !== undefined) return link.index
    throw new TsnetError('failed', `overlay ${this.#place.path}: there is no ${name} in it`)
  }

  #require(operation: string, request: Request): void {
    askKernel(operation, () => this.#inside.route.request(request))
  }

  #ask(operation: string, request: Request): void {
    unlessAbsent(() => this.#require(operation, request))
  }
}

/** Of the n-th subnet. */
function linkNames(position: number): { readonly bridge: string; readonly vxlan: string } {
  return { bridge: `br${position}`, vxlan: `vxlan${position}` }
}

/** The alias of its lo. It names the host as well, since hosts of a lab share tag and networks. */
function markFor({ id }: OverlayNetwork, { host, tag }: SandboxPlace): string {
  return linkAlias(tag, { kind: 'network', id: `${id}@${host.inode}` })
}

function plain(address: string): string {
  return address.replace(/\/.*/, '')
}
