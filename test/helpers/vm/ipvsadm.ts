import type { IpvsDestination, IpvsService } from '../../../src/model/snapshot.ts'

const FORWARD_NAMES: Readonly<Record<IpvsDestination['forward'], string>> = {
  masq: 'Masq',
  local: 'Local',
  tunnel: 'Tunnel',
  route: 'Route',
  bypass: 'Bypass',
}

const FORWARD_OPTIONS: Readonly<Record<string, string>> = { masq: '-m', route: '-g', tunnel: '-i' }

/** The lines of `ipvsadm -Ln` without its title, in columns of one space, sorted by service. */
export function listLines(output: string): string[] {
  const lines = output.split('\n').slice(3).map(squeeze)
  return sortedGroups(lines, (line) => !line.startsWith('->'))
}

/** The same lines for services of ours. */
export function listLinesOf(services: readonly IpvsService[]): string[] {
  const lines = services.flatMap((service) => [
    squeeze(`${listedService(service)} ${service.scheduler} ${listedFlags(service)}`),
    ...service.destinations.map(
      ({ address, port, forward, weight, active, inactive }) =>
        `-> ${endpoint(address, port)} ${FORWARD_NAMES[forward]} ${weight} ${active} ${inactive}`,
    ),
  ])
  return sortedGroups(lines, (line) => !line.startsWith('->'))
}

/** The lines of `ipvsadm -Sn`, sorted by service. */
export function saveLines(output: string): string[] {
  const lines = output.split('\n').map((line) => squeeze(line.replace(/ --tun-type ipip$/, '')))
  return sortedGroups(lines, (line) => line.startsWith('-A'))
}

/** The same lines for services of ours. */
export function saveLinesOf(services: readonly IpvsService[]): string[] {
  const lines = services.flatMap((service) => [
    squeeze(`-A ${savedService(service)} -s ${service.scheduler} ${savedFlags(service)}`),
    ...service.destinations.map(
      ({ address, port, forward, weight }) =>
        `-a ${savedService(service)} -r ${endpoint(address, port)} ${FORWARD_OPTIONS[forward]} -w ${weight}`,
    ),
  ])
  return sortedGroups(lines, (line) => line.startsWith('-A'))
}

function listedService({ protocol, family, address = '', port = 0, fwmark }: IpvsService): string {
  if (fwmark !== undefined) return `FWM ${fwmark}${family === 6 ? ' IPv6' : ''}`
  return `${protocol.toUpperCase()} ${endpoint(address, port)}`
}

function listedFlags({ flags, persistentS }: IpvsService): string {
  const persistent = persistentS === undefined ? '' : `persistent ${persistentS}`
  return `${persistent} ${flags.includes('ops') ? 'ops' : ''}`
}

function savedService({ protocol, family, address = '', port = 0, fwmark }: IpvsService): string {
  if (fwmark !== undefined) return `-f ${fwmark}${family === 6 ? ' -6' : ''}`
  return `-${protocol.slice(0, 1)} ${endpoint(address, port)}`
}

function savedFlags({ flags, persistentS }: IpvsService): string {
  const persistent = persistentS === undefined ? '' : `-p ${persistentS}`
  return `${persistent} ${flags.includes('ops') ? '-o' : ''}`
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function squeeze(line: string): string {
  return line.trim().replace(/\s+/g, ' ')
}

/** Groups of a first line and those that follow it, in the order of their first lines. */
function sortedGroups(lines: readonly string[], isFirst: (line: string) => boolean): string[] {
  const groups: string[][] = []
  for (const line of lines.filter((each) => each !== '')) {
    if (isFirst(line)) groups.push([line])
    else groups.at(-1)?.push(line)
  }
  return groups.map(([first = '', ...rest]) => [first, ...rest.sort()].join('\n')).sort()
}
