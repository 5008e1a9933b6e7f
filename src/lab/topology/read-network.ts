import type { Complaints, Path } from '../../model/file/problem.ts'
import type { NetworkEntry, PoolEntry } from '../file/lab-file.ts'
import type { ContainerSpec, NetworkSpec, PoolSpec } from './topology.ts'
import { given, readOneOrMore } from './written-settings.ts'

/** Docker has these without being asked; the name is the driver, except for the default bridge. */
export const PREDEFINED: Readonly<Record<string, NetworkSpec['driver']>> = Object.assign(Object.create(null), {
  bridge: 'bridge',
  host: 'host',
  none: 'none',
})

export interface NetworkContext {
  /** Names of all hosts of the file. */
  readonly hosts: readonly string[]
  /** Of the file. */
  readonly containers: readonly Pick<ContainerSpec, 'host' | 'endpoints'>[]
  readonly complaints: Complaints
}

export function readNetwork(name: string, entry: NetworkEntry, at: Path, context: NetworkContext): NetworkSpec {
  const { complaints } = context
  const predefined = PREDEFINED[name]
  const driver = entry.driver ?? predefined ?? 'bridge'
  if (predefined !== undefined && driver !== predefined) {
    complaints.error([...at, 'driver'], `the network ${name} is Docker's own, its driver is ${predefined}`)
  }
  if (predefined === undefined && (driver === 'host' || driver === 'none')) {
    complaints.error([...at, 'driver'], `there is one network of this driver, and it is called ${driver}`)
  }
  const pools = readPools(entry, at, complaints)
  return {
    at,
    name,
    hosts: driver === 'overlay' ? spannedHosts(name, entry, context) : hostsOf(entry, at, context),
    driver,
    pools,
    internal: entry.internal ?? false,
    ipv6: entry.ipv6 ?? pools.some(({ subnet }) => subnet?.includes(':') === true),
    dns: entry.dns ?? true,
    options: { ...readOptions(entry, at, complaints), ...readEncrypted(entry, at, { driver, complaints }) },
    predefined: predefined !== undefined,
  }
}

function hostsOf({ host }: NetworkEntry, at: Path, { hosts, complaints }: NetworkContext): readonly string[] {
  if (host !== undefined) return readOneOrMore(host)
  if (hosts.length > 1) complaints.error(at, 'host is missing: the lab has several')
  return hosts.slice(0, 1)
}

/** Those that are named, else those that have a container in it. */
function spannedHosts(name: string, { host }: NetworkEntry, { hosts, containers }: NetworkContext): readonly string[] {
  if (host !== undefined) return readOneOrMore(host)
  const using = containers.filter(({ endpoints }) => endpoints.some(({ network }) => network === name))
  const used = hosts.filter((each) => using.some((container) => container.host === each))
  return used.length > 0 ? used : hosts
}

/** As `docker network create --opt encrypted`. */
function readEncrypted(
  { encrypted }: NetworkEntry,
  at: Path,
  { driver, complaints }: { readonly driver: NetworkSpec['driver']; readonly complaints: Complaints },
): Readonly<Record<string, string>> {
  if (encrypted !== true) return {}
  if (driver !== 'overlay')
    complaints.error([...at, 'encrypted'], `only an overlay is encrypted, not the driver ${driver}`)
  return { encrypted: 'true' }
}

function readPools(entry: NetworkEntry, at: Path, complaints: Complaints): readonly PoolSpec[] {
  const { subnet, gateway, ip_range, aux_addresses, ipam } = entry
  const short = [subnet, gateway, ip_range, aux_addresses].some((field) => field !== undefined)
  const long = (ipam?.config ?? []).flatMap((pool, position) =>
    pool === undefined ? [] : [readPool(pool, [...at, 'ipam', 'config', position])],
  )
  if (short && long.length > 0) complaints.error([...at, 'ipam'], 'the subnet stands in the network and in ipam')
  return short ? [readPool(entry, at), ...long] : long
}

function readPool({ subnet, gateway, ip_range: ipRange, aux_addresses }: PoolEntry, at: Path): PoolSpec {
  return { at, auxAddresses: aux_addresses ?? {}, ...given({ subnet, gateway, ipRange }) }
}

function readOptions({ options, driver_opts }: NetworkEntry, at: Path, complaints: Complaints): Record<string, string> {
  for (const key of Object.keys(driver_opts ?? {})) {
    if (Object.hasOwn(options ?? {}, key)) {
      complaints.error([...at, 'driver_opts', key], `${key} stands in options as well, which means the same`)
    }
  }
  const all = Object.entries({ ...options, ...driver_opts })
  return Object.fromEntries(all.map(([key, value]) => [key, String(value)]))
}

/** One of Docker's own networks, on the hosts whose containers use it though the file does not mention it. */
export function predefinedNetwork(name: string, hosts: readonly string[], at: Path): NetworkSpec {
  return {
    at,
    name,
    hosts,
    driver: PREDEFINED[name] ?? 'bridge',
    pools: [],
    internal: false,
    ipv6: false,
    dns: false,
    options: {},
    predefined: true,
  }
}
