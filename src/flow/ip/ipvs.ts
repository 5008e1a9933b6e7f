import { serviceKey } from '../../model/entry-key.ts'
import type { IpvsDestination, IpvsService } from '../../model/snapshot.ts'
import { ip } from '../address.ts'
import { sameTuple, tupleOf, type VirtualConnection } from '../connection.ts'
import { leaveTracking, setPort } from '../firewall/virtual-answer.ts'
import type { Place } from '../journey.ts'
import type { Medium } from '../link/medium.ts'
import { type Packet, PROTOCOL, protocolName, TCP_FLAG } from '../packet.ts'
import type { Outcome, Run } from '../run.ts'
import { placeIn, type Space } from '../world.ts'
import { sendThrough } from './through.ts'

/** Whether IPVS takes a packet at LOCAL_IN or LOCAL_OUT (ip_vs_in), to {@link schedule} it. */
export function isTaken(run: Run, space: Space, packet: Packet): boolean {
  if (space.namespace.ipvs.length === 0) return false
  return requestOf(run, space, packet) !== undefined || serviceOf(space, packet) !== undefined
}

/** What was scheduled before, and so goes the same way. */
function requestOf(run: Run, space: Space, packet: Packet): VirtualConnection | undefined {
  if (packet.viaIpvs === true || packet.icmp !== undefined) return undefined
  const tuple = tupleOf(packet)
  return run
    .virtualConnectionsOf(space)
    .find(({ protocol, virtual }) => protocol === packet.protocol && sameTuple(virtual, tuple))
}

function serviceOf({ namespace: { ipvs } }: Space, packet: Packet): IpvsService | undefined {
  if (packet.viaIpvs === true || packet.icmp !== undefined) return undefined
  if (packet.tracking?.direction === 'reply' || !mayBegin(packet)) return undefined
  return serviceFor(ipvs, packet)
}

/** tcp_conn_schedule: a SYN alone begins a connection. */
function mayBegin({ protocol, tcpFlags = TCP_FLAG.SYN }: Packet): boolean {
  return protocol !== PROTOCOL.TCP || (tcpFlags & (TCP_FLAG.SYN | TCP_FLAG.RST)) === TCP_FLAG.SYN
}

/** Sends on what is {@link isTaken}; undefined when nobody takes the packet. */
export function schedule(engine: Medium, space: Space, packet: Packet): Outcome | undefined {
  if (space.namespace.ipvs.length === 0) return undefined
  const { run } = engine
  const known = requestOf(run, space, packet)
  if (known !== undefined) return toDestination(engine, space, packet, known)
  const service = serviceOf(space, packet)
  if (service === undefined) return undefined
  const place = placeIn(space, 'ipvs', describeService(service), { entry: serviceKey(service) })
  const usable = service.destinations.filter(({ weight }) => weight > 0)
  if (usable.length === 0) {
    const why = service.destinations.length === 0 ? 'has no destination' : 'has no destination with a weight'
    return run.drop(space, packet, { stage: 'ipvs', subject: place.text, text: `${place.text} ${why}`, place })
  }
  const words = usable.map(({ address, port }) => `${address}:${port}`)
  const taken =
    usable.length === 1 ? 0 : run.choose({ what: `which destination ${place.text} schedules`, where: place }, words)
  const destination = usable[taken] as IpvsDestination
  const chosen = { ...place, entry: serviceKey(service, destination) }
  const made = newVirtualConnection(packet, destination, chosen)
  run.virtualConnectionsOf(space).push(made)
  return toDestination(engine, space, packet, made)
}

function newVirtualConnection(packet: Packet, destination: IpvsDestination, service: Place): VirtualConnection {
  const virtual = tupleOf(packet)
  const destinationPort = destination.port === 0 ? virtual.destinationPort : destination.port
  const real = { ...virtual, destination: ip(destination.address), destinationPort }
  return { protocol: packet.protocol, virtual, real, destination, service }
}

/** A service by firewall mark comes before one by address (ip_vs_service_find). */
function serviceFor(services: readonly IpvsService[], packet: Packet): IpvsService | undefined {
  const ofFamily = services.filter(({ family }) => family === packet.family)
  const marked =
    packet.mark === 0 ? undefined : ofFamily.find(({ fwmark }) => fwmark !== undefined && fwmark === packet.mark)
  if (marked !== undefined) return marked
  const named = ofFamily.filter(
    ({ address, protocol }) => address === packet.destination.text && protocol === protocolName(packet.protocol),
  )
  return named.find(({ port }) => port === packet.destinationPort) ?? named.find(({ port }) => port === 0)
}

function describeService({ fwmark, protocol, address, port, scheduler }: IpvsService): string {
  const who = fwmark === undefined ? `${protocol} ${address}:${port}` : `fwmark ${fwmark}`
  return `IPVS service ${who} (${scheduler})`
}

function toDestination(
  engine: Medium,
  space: Space,
  packet: Packet,
  { destination, service: place, real }: VirtualConnection,
): Outcome {
  const { run } = engine
  const { address, port, forward } = destination
  packet.viaIpvs = true
  run.hop(space, packet, {
    stage: 'ipvs',
    subject: place.text,
    text: `${place.text} → ${address}:${port} (${forward})`,
    place,
  })
  if (forward === 'masq') {
    packet.destination = real.destination
    setPort(packet, 'destinationPort', real.destinationPort)
    if (leaveTracking(space, packet)) updateConnection(packet)
    return sendThrough(engine, space, packet, real.destination)
  }
  if (forward === 'route') return sendThrough(engine, space, packet, real.destination)
  if (forward === 'local') return { kind: 'delivered', reason: `${place.text} keeps it here`, at: space }
  const text = `${place.text} tunnels to ${address}, which is not predicted`
  return run.unknown(space, packet, { stage: 'ipvs', subject: place.text, text, place })
}

/** ip_vs_update_conntrack: the answer is known by the real server's address; too late for what looped back and is known. */
function updateConnection(packet: Packet): void {
  const { connection, direction } = packet.tracking ?? {}
  if (connection === undefined || connection.confirmed || direction !== 'original') return
  connection.reply = { ...connection.reply, source: packet.destination, sourcePort: packet.destinationPort }
}
