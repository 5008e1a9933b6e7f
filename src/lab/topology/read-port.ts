import type { Complaints, Path } from '../../model/file/problem.ts'
import { parseIp } from '../../model/ip-bytes.ts'
import type { PortEntry } from '../file/lab-file.ts'
import type { ExposedPort, PortSpec, Protocol } from './topology.ts'

/** `[HOST_IP:][PUBLISHED[-END]:]TARGET[-END][/PROTOCOL]`, an IPv6 host address in brackets. */
const SHORT_FORM = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(?:([0-9-]*):)?([0-9-]+)(?:\/([a-z]+))?$/
const RANGE = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/
const LAST_PORT = 65_535

interface Range {
  readonly first: number
  readonly last: number
}

/** What one entry of `ports` publishes. */
export function readPort(entry: string | number | PortEntry, at: Path, complaints: Complaints): readonly PortSpec[] {
  const long = typeof entry === 'object' ? entry : longForm(String(entry))
  const wrong = (message: string): readonly PortSpec[] => {
    complaints.error(at, message)
    return []
  }
  if (long === undefined) return wrong(`not a port as Compose writes it: ${JSON.stringify(entry)}`)
  const { host_ip: hostAddress, protocol = 'tcp' } = long
  if (!isProtocol(protocol)) return wrong(`no such protocol: ${protocol} (tcp, udp or sctp)`)
  if (hostAddress !== undefined && parseIp(hostAddress) === undefined) return wrong(`not an address: ${hostAddress}`)
  const target = parseRange(String(long.target), 1)
  const published = parseRange(String(long.published ?? '0'), 0)
  if (target === undefined) return wrong(`not a port: ${JSON.stringify(long.target)}`)
  if (published === undefined) return wrong(`not a port: ${JSON.stringify(long.published)}`)
  const bindings = pairUp(target, published)
  if (bindings === undefined) {
    return wrong(`${sizeOf(published)} ports of the host cannot stand for ${sizeOf(target)} of the container`)
  }
  return bindings.map((binding) => ({
    at,
    protocol,
    ...binding,
    ...(hostAddress === undefined ? {} : { hostAddress }),
  }))
}

type LongForm = Pick<PortEntry, 'host_ip'> & {
  readonly target: number | string
  readonly published?: number | string
  readonly protocol?: string
}

/** `8000:80` could read 8000 as an address by the pattern: without dots or colons it is a port. */
function longForm(text: string): LongForm | undefined {
  const match = SHORT_FORM.exec(text)
  if (match === null) return undefined
  const [, bracketed, plain, middle, target = '', protocol] = match
  const isAddress = bracketed !== undefined || middle !== undefined
  const address = bracketed ?? (isAddress ? plain : undefined)
  const published = isAddress ? middle : plain
  return {
    target,
    ...(published === undefined || published === '' ? {} : { published }),
    ...(address === undefined ? {} : { host_ip: address }),
    ...(protocol === undefined ? {} : { protocol }),
  }
}

function isProtocol(text: string): text is Protocol {
  return text === 'tcp' || text === 'udp' || text === 'sctp'
}

function parseRange(text: string, lowest: number): Range | undefined {
  const match = RANGE.exec(text)
  if (match === null) return undefined
  const first = Number(match[1])
  const last = match[2] === undefined ? first : Number(match[2])
  return first < lowest || last > LAST_PORT || last < first ? undefined : { first, last }
}

function sizeOf({ first, last }: Range): number {
  return last - first + 1
}

type Binding = Pick<PortSpec, 'hostPort' | 'hostPortEnd' | 'containerPort'>

/** One by one where there are as many; a single port of the container takes one of the host's range. */
function pairUp(target: Range, published: Range): readonly Binding[] | undefined {
  if (sizeOf(target) === 1) {
    return [{ hostPort: published.first, hostPortEnd: published.last, containerPort: target.first }]
  }
  const any = published.first === 0
  if (!any && sizeOf(published) !== sizeOf(target)) return undefined
  return Array.from({ length: sizeOf(target) }, (_, position) => {
    const hostPort = any ? 0 : published.first + position
    return { hostPort, hostPortEnd: hostPort, containerPort: target.first + position }
  })
}

/** One entry of `expose`: `80`, `80/udp`, `80-82/tcp`. */
export function readExposed(entry: string | number, at: Path, complaints: Complaints): readonly ExposedPort[] {
  const [range = '', protocol = 'tcp', ...more] = String(entry).split('/')
  const ports = parseRange(range, 1)
  if (ports === undefined || more.length > 0 || !isProtocol(protocol)) {
    complaints.error(at, `not a port: ${JSON.stringify(entry)}`)
    return []
  }
  return Array.from({ length: sizeOf(ports) }, (_, position) => ({ protocol, port: ports.first + position }))
}
