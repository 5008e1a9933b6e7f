import {
  type Address,
  addAddress,
  changeLink,
  createLink,
  deleteAddress,
  deleteLink,
  dumpAddresses,
  getLink,
  IFA_F,
  type Link,
} from 'netlink-ts'
import { TsnetError } from '../../../errors.ts'
import { dockerMac } from '../../docker-mac.ts'
import { bitsOf, formatIpNumber, parseCidr } from '../../ipam/cidr.ts'
import { askAll, askKernel, isAbsent } from '../../kernel-failure.ts'
import type { NetworkHost } from '../../network-host.ts'
import type { BridgeSettings } from './bridge-settings.ts'

/** Every IPv6 bridge has it, so that it can be the gateway of hosts that learn it from neighbour discovery alone. */
const LINK_LOCAL = 'fe80::1/64'

export interface BridgeOptions {
  readonly settings: BridgeSettings
  readonly alias: string
  /** Packets to 127.0.0.0/8 may be translated to containers. */
  readonly routeLocalnet: boolean
}

export interface EnsuredBridge {
  /** Addresses put on a bridge that is not ours. */
  readonly lent: readonly string[]
}

export function findLink(host: NetworkHost, name: string): Link | undefined {
  try {
    return askKernel(`link ${name}`, () => getLink(host.route, { name }))
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/**
 * Makes a network's bridge, or what is missing of it. It is not up yet: rules come before.
 *
 * @throws TsnetError `failed` when the name is taken by something else
 */
export function ensureBridge(host: NetworkHost, options: BridgeOptions): EnsuredBridge {
  const { settings, alias } = options
  const { bridge } = settings
  const present = findLink(host, bridge)
  if (!present) make(host, options)
  else if (present.alias !== alias) check(present, settings)
  const link = askKernel(`link ${bridge}`, () => getLink(host.route, { name: bridge }))
  const isOurs = link.alias === alias
  if (isOurs) configure(host, options)
  else if (options.routeLocalnet) setOf(host, bridge, 'ipv4', 'route_localnet', '1')
  const added = addAddresses(host, link.index, { settings, isOurs })
  return { lent: isOurs ? [] : added }
}

export function raiseBridge(host: NetworkHost, { bridge }: BridgeSettings): void {
  askKernel(`set link ${bridge} up`, () => host.route.request(changeLink(0, { name: bridge, up: true })))
}

/** No error when it is not there; one that is not ours only loses what was put on it. */
export function removeBridge(host: NetworkHost, bridge: string, own: { alias: string; lent: readonly string[] }): void {
  const link = findLink(host, bridge)
  if (!link) return
  if (link.alias === own.alias) {
    askKernel(`delete link ${bridge}`, () => host.route.request(deleteLink({ index: link.index })))
    return
  }
  const there = new Set(addressesOf(host, link.index).map(textOf))
  const requests = own.lent
    .filter((cidr) => there.has(cidr))
    .map((cidr) => deleteAddress(addressSpec(link.index, cidr)))
  host.route.batch(requests)
}

/** In one datagram, for whoever died in between would leave a bridge that nobody knows to be ours. */
function make(host: NetworkHost, { settings: { bridge }, alias }: BridgeOptions): void {
  const spec = { kind: 'bridge', name: bridge, mac: dockerMac(), txQueueLength: 0 }
  askAll(host.route, `bridge ${bridge}`, [
    { what: 'make it', request: createLink(spec) },
    { what: 'mark it', request: changeLink(0, { name: bridge, alias }) },
  ])
}

function check({ kind }: Link, { bridge, named }: BridgeSettings): void {
  if (kind !== 'bridge') throw new TsnetError('failed', `bridge ${bridge}: a link of that name is no bridge`)
  if (!named) throw new TsnetError('failed', `bridge ${bridge}: there is one that this network did not make`)
}

function configure(host: NetworkHost, { settings, routeLocalnet }: BridgeOptions): void {
  const { bridge, ipv6 } = settings
  setOf(host, bridge, 'ipv6', 'accept_ra', '0')
  if (ipv6) setOf(host, bridge, 'ipv6', 'disable_ipv6', '0')
  if (routeLocalnet) setOf(host, bridge, 'ipv4', 'route_localnet', '1')
}

/** A kernel without the family has no such setting and needs none. */
function setOf(host: NetworkHost, link: string, family: 'ipv4' | 'ipv6', setting: string, value: string): void {
  const name = `${family}/conf/${link}/${setting}`
  const was = host.readSysctl(name)
  if (was !== undefined && was !== value) host.writeSysctl(name, value)
}

/** @returns those that were missing */
function addAddresses(
  host: NetworkHost,
  index: number,
  { settings, isOurs }: { readonly settings: BridgeSettings; readonly isOurs: boolean },
): string[] {
  const present = addressesOf(host, index)
  const there = new Set(present.map(textOf))
  const wanted = [...wantedAddresses(settings, isOurs ? undefined : present)].filter((cidr) => !there.has(cidr))
  for (const cidr of wanted) {
    askKernel(`add address ${cidr} to ${settings.bridge}`, () =>
      host.route.request(addAddress(addressSpec(index, cidr))),
    )
  }
  return wanted
}

/** @param others addresses of a bridge that is not ours: with one of its own it is only used */
function wantedAddresses(
  { ipv4, ipv6, inhibitIpv4, bridge }: BridgeSettings,
  others: readonly Address[] | undefined,
): string[] {
  const wanted = [
    ...(ipv4?.bridgeAddress === undefined || inhibitIpv4 ? [] : [ipv4.bridgeAddress]),
    ...(ipv6?.bridgeAddress === undefined ? [] : [LINK_LOCAL, ipv6.bridgeAddress]),
  ]
  const own = others?.find(({ family }) => family === 4)
  const first = wanted.find((cidr) => !cidr.includes(':'))
  if (own && first !== undefined && textOf(own) !== first) {
    throw new TsnetError('failed', `bridge ${bridge}: its IPv4 address is ${textOf(own)}, not ${first}`)
  }
  return wanted
}

function addressesOf(host: NetworkHost, index: number): Address[] {
  return askKernel('list addresses', () => dumpAddresses(host.route, { index }))
}

function textOf({ address, prefixLength }: Address): string {
  return `${address}/${prefixLength}`
}

function addressSpec(index: number, cidr: string) {
  const [address = '', length = ''] = cidr.split('/')
  const { family, last } = parseCidr(cidr)
  const prefixLength = Number(length)
  const hasBroadcast = family === 4 && bitsOf(4) - prefixLength >= 2
  return {
    index,
    address,
    prefixLength,
    ...(address.startsWith('fe80:') ? { scope: 'link' } : {}),
    // nobody else has it: the pool is ours, and containers may ask for it at once
    ...(family === 6 ? { flags: IFA_F.NODAD } : {}),
    ...(hasBroadcast ? { broadcast: formatIpNumber({ family, value: last }) } : {}),
  }
}
