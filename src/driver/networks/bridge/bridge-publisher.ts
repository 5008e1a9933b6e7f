import { messageOf, TsnetError } from '../../../errors.ts'
import type { ConnectivityRequest, PortBinding } from '../../network-driver.ts'
import { transaction } from '../../undo.ts'
import type { BridgeParts } from './bridge-parts.ts'
import type { EndpointRecord, NetworkRecord, Publication } from './bridge-records.ts'
import { addressesOf, addressOf, publicationItems } from './firewall-items.ts'
import { planPorts } from './port-plan.ts'

/** Publishes ports of containers and takes them back. */
export class BridgePublisher {
  readonly #parts: BridgeParts

  constructor(parts: BridgeParts) {
    this.#parts = parts
  }

  async publish({ networkId, endpointId, portBindings }: ConnectivityRequest): Promise<void> {
    const { records } = this.#parts
    const network = records.network(networkId)
    const endpoint = records.endpoint(networkId, endpointId)
    if (!network || !endpoint) throw new TsnetError('usage', `endpoint ${endpointId}: not found`)
    const { publication } = endpoint
    if (publication && isSame(publication.bindings, portBindings)) {
      await this.#parts.firewall.add(publicationItems(network, publication))
      return
    }
    if (publication) await this.revoke(networkId, endpointId)
    if (portBindings.length === 0 || network.settings.internal) return
    await this.#publish(network, endpoint, portBindings)
  }

  #publish(network: NetworkRecord, endpoint: EndpointRecord, bindings: readonly PortBinding[]): Promise<void> {
    const { records, firewall, ports, connections, hasProxy } = this.#parts
    const [ipv4, ipv6] = [addressOf(endpoint, 'ip'), addressOf(endpoint, 'ip6')]
    const plan = planPorts(bindings, {
      settings: network.settings,
      hasProxy,
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
    })
    return transaction(async (undo) => {
      const published = await ports.publish(plan.requests)
      undo.add('ports of the host', () => ports.close(published))
      const publication = { bindings, published, opened: plan.opened }
      records.putEndpoint({ ...endpoint, publication })
      undo.add('record', () => records.putEndpoint(endpoint))
      const items = publicationItems(network, publication)
      undo.add('rules', () => firewall.remove(items))
      await firewall.add(items)
      const datagrams = published.filter(({ protocol }) => protocol === 'udp')
      await connections.ofDatagramsTo(datagrams.map(({ hostPort }) => hostPort))
    })
  }

  /** No error when nothing is published. */
  async revoke(networkId: string, endpointId: string): Promise<void> {
    const { records, connections } = this.#parts
    const network = records.network(networkId)
    const endpoint = records.endpoint(networkId, endpointId)
    if (!endpoint) return
    const { publication, ...rest } = endpoint
    if (network && publication) {
      await this.#close(network, publication)
      records.putEndpoint(rest)
    }
    await connections.ofAddresses(addressesOf(endpoint))
  }

  async #close(network: NetworkRecord, publication: Publication): Promise<void> {
    await this.#parts.firewall.remove(publicationItems(network, publication))
    await this.#parts.ports.close(publication.published)
  }

  /** Takes the ports of the host again that an earlier driver had taken. @returns what could not be done */
  async reopen(): Promise<string[]> {
    const problems: string[] = []
    for (const { id, publication } of this.#parts.records.endpoints()) {
      try {
        await this.#parts.ports.reopen(publication?.published ?? [])
      } catch (error) {
        problems.push(`endpoint ${id.slice(0, 12)}: ${messageOf(error)}`)
      }
    }
    return problems
  }
}

function isSame(one: readonly PortBinding[], other: readonly PortBinding[]): boolean {
  return JSON.stringify(one.map(normal)) === JSON.stringify(other.map(normal))
}

function normal({ protocol, port, hostAddress = '', hostPort, hostPortEnd }: PortBinding): unknown[] {
  return [protocol, port, hostAddress, hostPort, hostPortEnd]
}
