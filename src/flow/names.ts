import { TsnetError } from '../errors.ts'
import { nearest } from '../model/nearest.ts'
import { knownSelectors, selectNamespace } from '../model/select.ts'
import type { Container, HostSnapshot } from '../model/snapshot.ts'
import { type Ip, toIp } from './address.ts'
import { isInSubnet } from './routing/source-address.ts'
import { linkOf, type Space, type World } from './world.ts'

/** `db:8500`, `10.0.0.1`, `[fd00::1]:80`, `lab:two/a:80`: what stands after the source. */
export interface DestinationWords {
  readonly host: string
  readonly port?: number
}

/** `docker:80` is a port of a container that is called docker. */
const SELECTOR = /^((?:docker|lab|path):(?!\d+$)[^:]+|(?:pid|inode):\d+)(?::([^:]*))?$/

/** @throws TsnetError `usage` when the port is none */
export function parseDestination(text: string): DestinationWords {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  if (bracketed !== null) return withPort(text, bracketed[1] ?? '', bracketed[2])
  const selector = SELECTOR.exec(text)
  if (selector !== null) return withPort(text, selector[1] ?? '', selector[2])
  const at = text.lastIndexOf(':')
  // an IPv6 address without brackets has no port
  if (at < 0 || text.indexOf(':') !== at) return { host: text }
  return withPort(text, text.slice(0, at), text.slice(at + 1))
}

function withPort(text: string, host: string, port: string | undefined): DestinationWords {
  if (port === undefined) return { host }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 0xffff) {
    throw new TsnetError('usage', `destination ${text}: ${port} is no port`, {
      hint: 'Write NAME:PORT or ADDRESS:PORT',
    })
  }
  return { host, port: Number(port) }
}

/**
 * The namespace that a selector means in any of the snapshots; `HOSTNAME/NAME` picks the host where several have it.
 *
 * @throws TsnetError `usage` when it means none or several
 */
export function selectSpace(world: World, selector: string): Space {
  const { snapshots } = world.facts
  const slash = selector.indexOf('/')
  const host = slash < 0 ? -1 : snapshots.findIndex(({ hostname }) => hostname === selector.slice(0, slash))
  if (host >= 0) return spaceIn(world, host, selector.slice(slash + 1))
  const found: Space[] = []
  const failures: unknown[] = []
  for (const position of snapshots.keys()) {
    try {
      found.push(spaceIn(world, position, selector))
    } catch (error) {
      failures.push(error)
    }
  }
  const [space] = found
  if (space === undefined) throw failures[0]
  if (found.length > 1) {
    const names = found.map((each) => `${each.snapshot.hostname}/${selector}`)
    throw new TsnetError('usage', `select ${selector}: ${names.length} hosts have one: ${names.join(', ')}`, {
      hint: `Say which one, for example ${names[0]}`,
    })
  }
  return space
}

function spaceIn(world: World, host: number, selector: string): Space {
  const snapshot = world.facts.snapshots[host] as HostSnapshot
  const { inode } = selectNamespace(snapshot, selector)
  return world.space(host, inode) as Space
}

export interface Destination {
  readonly address: Ip
  /** The name it was found by; absent for an address. */
  readonly name?: string
}

/**
 * An address as it is, or what a name stands for: containers by their names and aliases, services, namespaces. Of
 * several addresses the one on a network of the source comes first, as its own resolver would have it.
 *
 * @throws TsnetError `usage` for a name that is nobody's, or several namespaces'
 */
export function resolveDestination(world: World, source: Space | undefined, host: string, family?: 4 | 6): Destination {
  const address = toIp(host)
  if (address !== undefined && !host.includes('/')) return { address }
  const candidates = addressesOf(world, source, host).filter((each) => family === undefined || each.family === family)
  const [first] = candidates.toSorted((a, b) => rank(source, a) - rank(source, b))
  if (first !== undefined) return { address: first, name: host }
  const what = family === undefined ? 'no address of that name is in the facts' : `it has no IPv${family} address`
  const close = nearest(host, knownNames(world))
  throw new TsnetError('usage', `destination ${host}: ${what}`, {
    hint: close.length > 0 ? `Did you mean ${close.join(', ')}?` : 'Give an address, or a name that ns shows',
  })
}

function knownNames(world: World): string[] {
  return world.facts.snapshots.flatMap((snapshot) => [
    ...knownSelectors(snapshot),
    ...snapshot.containers.flatMap(({ networks }) => networks.flatMap(({ aliases = [] }) => aliases)),
  ])
}

function addressesOf(world: World, source: Space | undefined, host: string): Ip[] {
  if (host === 'localhost') return ['127.0.0.1', '::1'].flatMap((text) => toIp(text) ?? [])
  const named = world.facts.snapshots.flatMap((snapshot) =>
    snapshot.containers
      .filter((container) => isCalled(container, host))
      .flatMap(({ networks }) => networks.flatMap(({ addresses }) => addresses)),
  )
  if (named.length > 0) return named.flatMap((text) => toIp(text) ?? [])
  const space = spaceNamed(world, source, host)
  return space === undefined ? [] : ownAddresses(space)
}

function isCalled({ name, networks, compose, swarm }: Container, host: string): boolean {
  return (
    name === host ||
    compose?.service === host ||
    swarm?.service === host ||
    networks.some(({ aliases = [] }) => aliases.includes(host))
  )
}

/** Undefined for a name that no namespace has; several are an error that the person has to solve. */
function spaceNamed(world: World, source: Space | undefined, host: string): Space | undefined {
  if (source !== undefined && host === source.name) return source
  try {
    return selectSpace(world, host)
  } catch (error) {
    if (error instanceof TsnetError && error.message.includes('no such namespace')) return undefined
    throw error
  }
}

function ownAddresses(space: Space): Ip[] {
  return space.namespace.addresses
    .filter(({ link, scope }) => linkOf(space, link)?.kind !== 'loopback' && scope !== 'link')
    .flatMap(({ address }) => toIp(address) ?? [])
}

/** Lower is better: on a network of the source, IPv4, then as listed. */
function rank(source: Space | undefined, address: Ip): number {
  const isNear = source?.namespace.addresses.some((own) => isInSubnet(own, address)) === true
  return (isNear ? 0 : 2) + (address.family === 4 ? 0 : 1)
}

/** Who has an address, the namespaces of hosts first: where a packet from outside goes in. */
export function spaceWith(world: World, { text }: Ip): Space | undefined {
  const owners = world.spaces.filter(({ namespace }) =>
    namespace.addresses.some(({ address }) => address.startsWith(`${text}/`)),
  )
  return owners.find(({ namespace }) => namespace.owner.kind === 'host') ?? owners[0]
}
