import {
  addAddress,
  changeLink,
  dumpLinks,
  dumpRoutes,
  getLink,
  IFA_F,
  type Link,
  type Route,
  replaceRoute,
} from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { bitsOf, type Cidr, formatIpNumber, overlaps, parseCidr } from '../ipam/cidr.ts'
import { askAll, askKernel, type Step } from '../kernel-failure.ts'
import type { StaticRoute } from '../network-driver.ts'
import type { NetworkHost } from '../network-host.ts'
import { isDefaultDestination } from './gateway-choice.ts'
import { checkInterfaceName, nextInterfaceName } from './interface-name.ts'
import { announceWhenUp, enableIpv6 } from './sandbox-sysctls.ts'

const MAIN_TABLE = 254

/** The link that a driver made ready. */
export interface SourceLink {
  readonly source: string
  /** It is in the sandbox, not in the host's namespace. */
  readonly inSandbox: boolean
  readonly prefix: string
  /** Its whole name inside, instead of prefix and number. */
  readonly name?: string
}

/** What the link is to have inside. */
export interface LinkConfiguration {
  readonly alias: string
  readonly mac?: string
  /** CIDR. */
  readonly address?: string
  readonly addressIpv6?: string
  readonly routes: readonly StaticRoute[]
  /** Neighbours may know one of the addresses with another MAC: they are told when it comes up. */
  readonly announce?: boolean
}

/**
 * Brings a link into the sandbox under its name there, gives it MAC, addresses and routes, and sets it up.
 *
 * @returns its name
 * @throws TsnetError `failed` when an address lies in the way of a route that is there
 */
export function placeLink(host: NetworkHost, sandbox: NetworkHost, link: SourceLink & LinkConfiguration): string {
  const present = askKernel('list links of the sandbox', () => dumpLinks(sandbox.route))
  const name = nameInside(link, present)
  for (const address of addressesOf(link)) checkRoutes(sandbox, address)
  const index = link.inSandbox ? indexOf(link.source, present) : moveLink(host, sandbox, link.source, name)
  configure(sandbox, { index, name, up: false }, link)
  return name
}

/** Gives a link that is in the sandbox what it may have lost; nothing that it has is taken away. */
export function repairLink(sandbox: NetworkHost, link: Link, configuration: LinkConfiguration): void {
  const { mac, ...rest } = configuration
  // setting even the same MAC again is a change that the link announces to the whole network
  const wanted = mac === undefined || mac === link.mac ? rest : configuration
  configure(sandbox, { index: link.index, name: link.name, up: true }, wanted)
}

function nameInside({ source, inSandbox, prefix, name }: SourceLink, present: readonly Link[]): string {
  const taken = new Set(present.map((link) => link.name))
  if (inSandbox) taken.delete(source)
  if (name === undefined) return nextInterfaceName(prefix, taken)
  if (!taken.has(name)) return checkInterfaceName(name)
  throw new TsnetError('failed', `interface name ${name}: there is a link of that name in the sandbox`)
}

function indexOf(name: string, links: readonly Link[]): number {
  const link = links.find((each) => each.name === name)
  if (link === undefined) throw new TsnetError('failed', `link ${name}: the driver did not make it in the sandbox`)
  return link.index
}

/** One request moves and renames it, so the name need not be free in the host's namespace. @returns its new index */
function moveLink(host: NetworkHost, sandbox: NetworkHost, source: string, name: string): number {
  return askKernel(`move link ${source} into the sandbox`, () => {
    const { index } = getLink(host.route, { name: source })
    host.route.request(changeLink(index, { namespace: { fd: sandbox.fd }, name }))
    return getLink(sandbox.route, { name }).index
  })
}

function configure(
  sandbox: NetworkHost,
  link: { readonly index: number; readonly name: string; readonly up: boolean },
  configuration: LinkConfiguration,
): void {
  const { index, name } = link
  const { mac, alias, address, addressIpv6, routes, announce = false } = configuration
  const named = {
    what: 'name it',
    request: changeLink(index, { ...(link.up ? {} : { name }), alias, ...(mac ? { mac } : {}) }),
  }
  const steps: Step[] = [named]
  if (address !== undefined) steps.push(addressStep(index, address))
  if (addressIpv6 !== undefined || announce) {
    // settings have the link's name in their path, so that has to come first
    askAll(sandbox.route, `link ${name}`, steps.splice(0))
    sandbox.inside(() => {
      if (addressIpv6 !== undefined) enableIpv6(name)
      if (announce) announceWhenUp(name)
    })
  }
  if (addressIpv6 !== undefined) steps.push(addressStep(index, addressIpv6))
  steps.push({ what: 'set it up', request: changeLink(index, { up: true }) })
  for (const route of routes) if (!isDefaultDestination(route.destination)) steps.push(routeStep(index, route))
  askAll(sandbox.route, `link ${name}`, steps)
}

function addressesOf({ address, addressIpv6 }: LinkConfiguration): string[] {
  return [address, addressIpv6].filter((cidr) => cidr !== undefined)
}

/** IPAM has seen to it that nobody else has the address, so IPv6 need not ask around for a second. */
function addressStep(index: number, cidr: string): Step {
  const [address = '', length = ''] = cidr.split('/')
  const block = parseCidr(cidr)
  const broadcast = broadcastOf(block)
  const spec = {
    index,
    address,
    prefixLength: Number(length),
    ...(block.family === 6 ? { flags: IFA_F.NODAD } : {}),
    ...(broadcast === undefined ? {} : { broadcast }),
  }
  return { what: `add address ${cidr}`, request: addAddress(spec, { replace: true }) }
}

function broadcastOf({ family, last, length }: Cidr): string | undefined {
  return family === 4 && bitsOf(4) - length >= 2 ? formatIpNumber({ family, value: last }) : undefined
}

function routeStep(index: number, { destination, nextHop }: StaticRoute): Step {
  const family = destination.includes(':') ? 6 : 4
  const way = nextHop === undefined ? { index } : { gateway: nextHop }
  return { what: `add route ${destination}`, request: replaceRoute({ family, destination, ...way }) }
}

function checkRoutes(sandbox: NetworkHost, address: string): void {
  const block = parseCidr(address)
  const routes = askKernel('list routes of the sandbox', () => dumpRoutes(sandbox.route, { family: block.family }))
  const inTheWay = routes.find((route) => isInTheWay(route, block))
  if (inTheWay === undefined) return
  throw new TsnetError(
    'failed',
    `cannot program address ${address} in sandbox interface because it conflicts with existing route ${inTheWay.destination}`,
    { hint: 'the networks of one sandbox must not overlap' },
  )
}

function isInTheWay({ table, type, destination, family }: Route, block: Cidr): boolean {
  if (table !== MAIN_TABLE || type !== 'unicast' || destination === 'default') return false
  return family === block.family && overlaps(parseCidr(destination), block)
}
