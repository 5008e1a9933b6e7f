import { TsnetError } from '../../../errors.ts'
import { dockerMac } from '../../docker-mac.ts'
import { formatIpNumber, parseCidr } from '../../ipam/cidr.ts'
import { linkAlias } from '../../link-alias.ts'
import type { EndpointConfig, EndpointInterface, JoinRequest, JoinResult } from '../../network-driver.ts'
import { randomLinkName } from '../../random-link-name.ts'
import { transaction } from '../../undo.ts'
import { findLink } from './bridge-link.ts'
import type { BridgeParts } from './bridge-parts.ts'
import type { BridgePublisher } from './bridge-publisher.ts'
import type { EndpointRecord, NetworkRecord } from './bridge-records.ts'
import type { FamilySettings } from './bridge-settings.ts'
import { canonicalCidr } from './canonical-address.ts'
import { addressesOf, endpointItems } from './firewall-items.ts'

/** Label of a container's choice for the whole name of its link. */
const INTERFACE_NAME = 'com.docker.network.endpoint.ifname'
/** Enough room behind the prefix for a MAC address (libnetwork bridge driver). */
const MAX_PREFIX_FOR_MAC = 80

/** Connects containers to bridges. */
export class BridgeEndpoints {
  readonly #parts: BridgeParts
  readonly #publisher: BridgePublisher

  constructor(parts: BridgeParts, publisher: BridgePublisher) {
    this.#parts = parts
    this.#publisher = publisher
  }

  async create(config: EndpointConfig): Promise<EndpointInterface> {
    const { records, firewall } = this.#parts
    const network = this.#network(config.networkId)
    const known = records.endpoint(network.id, config.id)
    const record = known ?? this.#record(config, network)
    await transaction(async (undo) => {
      if (!known) {
        records.putEndpoint(record)
        undo.add('record', () => records.deleteEndpoint(config.id))
      }
      await firewall.add(endpointItems(network, record))
    })
    return added(config.interface, record)
  }

  #record(config: EndpointConfig, { settings }: NetworkRecord): EndpointRecord {
    const { address, addressIpv6, mac } = config.interface
    const seed = this.#parts.macFromAddress ? address?.split('/')[0] : undefined
    const macAddress = mac ?? dockerMac(seed)
    const ipv6 = addressIpv6 ?? macBasedAddress(settings.ipv6, macAddress)
    return {
      id: config.id,
      sequence: this.#parts.records.nextSequence(),
      networkId: config.networkId,
      outer: randomLinkName(),
      inner: randomLinkName(),
      mac: macAddress,
      ...(address === undefined ? {} : { address: canonicalCidr(address) }),
      ...(ipv6 === undefined ? {} : { addressIpv6: canonicalCidr(ipv6) }),
      inSandbox: false,
    }
  }

  /** Makes the pair of links only now, when it is known where its inner end belongs. */
  async join({ networkId, endpointId, options, sandboxFd }: JoinRequest): Promise<JoinResult> {
    const { records, host, links, hasProxy } = this.#parts
    const { settings } = this.#network(networkId)
    const record = this.#endpoint(networkId, endpointId)
    const isThere = findLink(host, record.outer)?.alias === this.#alias(endpointId)
    const inSandbox = isThere ? record.inSandbox : sandboxFd !== undefined
    if (!isThere) {
      records.putEndpoint({ ...record, inSandbox })
      const { outer, inner, mac } = record
      const { bridge, mtu } = settings
      await links.make({
        outer,
        inner,
        mac,
        bridge,
        mtu,
        alias: this.#alias(endpointId),
        hairpin: !hasProxy,
        sandboxFd,
      })
    }
    const name = options[INTERFACE_NAME]
    return {
      interfaceName: {
        source: record.inner,
        ...(inSandbox ? { inSandbox } : {}),
        prefix: settings.containerPrefix,
        ...(typeof name === 'string' && name !== '' ? { name } : {}),
      },
      ...this.#gateways(this.#network(networkId)),
      routes: [],
      disableGatewayService: false,
    }
  }

  /** Up to 27 even a container of an internal network is told of its gateway, which leads nowhere. */
  #gateways({ settings }: NetworkRecord): Pick<JoinResult, 'gateway' | 'gatewayIpv6'> {
    if (settings.internal && this.#parts.layout === 'docker28') return {}
    const { ipv4, ipv6 } = settings
    return {
      ...(ipv4?.gateway === undefined ? {} : { gateway: ipv4.gateway }),
      ...(ipv6?.gateway === undefined ? {} : { gatewayIpv6: ipv6.gateway }),
    }
  }

  async delete(networkId: string, endpointId: string): Promise<void> {
    const { records, firewall } = this.#parts
    const network = records.network(networkId)
    const record = records.endpoint(networkId, endpointId)
    if (!record) return
    if (record.publication) await this.#publisher.revoke(networkId, endpointId)
    // each waits for grace periods of the kernel: together they wait for the same ones
    await Promise.all([network ? firewall.remove(endpointItems(network, record)) : undefined, this.#disconnect(record)])
    records.deleteEndpoint(endpointId)
  }

  async #disconnect(record: EndpointRecord): Promise<void> {
    const { links, connections } = this.#parts
    await links.remove(record.outer, this.#alias(record.id))
    await connections.ofAddresses(addressesOf(record))
  }

  /** To a bridge that may have been made again. */
  reattach({ id, settings }: NetworkRecord): void {
    const { records, links, hasProxy } = this.#parts
    const ends = records.endpoints(id).map(({ id: endpointId, outer }) => ({ outer, alias: this.#alias(endpointId) }))
    links.reattach(ends, { bridge: settings.bridge, hairpin: !hasProxy })
  }

  /** Those that are left when their network goes. */
  async deleteAll(networkId: string): Promise<void> {
    const endpoints = this.#parts.records.endpoints(networkId)
    await Promise.all(endpoints.map(({ id }) => this.delete(networkId, id)))
  }

  info(networkId: string, endpointId: string): Readonly<Record<string, unknown>> {
    const { mac, outer, publication } = this.#endpoint(networkId, endpointId)
    return { mac, hostLink: outer, ports: publication?.published ?? [] }
  }

  #network(id: string): NetworkRecord {
    const network = this.#parts.records.network(id)
    if (network) return network
    throw new TsnetError('usage', `network ${id}: not found`)
  }

  #endpoint(networkId: string, id: string): EndpointRecord {
    const endpoint = this.#parts.records.endpoint(networkId, id)
    if (endpoint) return endpoint
    throw new TsnetError('usage', `endpoint ${id}: not found`)
  }

  #alias(id: string): string {
    return linkAlias(this.#parts.tag, { kind: 'endpoint', id })
  }
}

/** Only what the request left open. */
function added(given: EndpointInterface, { mac, addressIpv6 }: EndpointRecord): EndpointInterface {
  return {
    ...(given.mac === undefined ? { mac } : {}),
    ...(given.addressIpv6 === undefined && addressIpv6 !== undefined ? { addressIpv6 } : {}),
  }
}

/** An address made of the MAC, where nobody gave one. */
function macBasedAddress(settings: FamilySettings | undefined, mac: string): string | undefined {
  if (!settings) return undefined
  const { first, length } = parseCidr(settings.subnet)
  if (length > MAX_PREFIX_FOR_MAC) return undefined
  const value = first | BigInt(`0x${mac.replaceAll(':', '')}`)
  return `${formatIpNumber({ family: 6, value })}/${length}`
}
