import { serviceKey } from '../../model/entry-key.ts'
import type { IpvsDestination, IpvsService } from '../../model/snapshot.ts'
import { ip } from '../address.ts'
import type { Place } from '../journey.ts'
import type { Medium } from '../link/medium.ts'
import { type Packet, protocolName } from '../packet.ts'
import type { Outcome } from '../run.ts'
import { placeIn, type Space } from '../world.ts'
import { sendThrough } from './through.ts'

/** ip_vs_in at LOCAL_IN: a virtual address of this namespace. Undefined when no service takes the packet. */
export function scheduleInput(engine: Medium, space: Space, packet: Packet): Outcome | undefined {
  return schedule(engine, space, packet)
}

/** ip_vs_in at LOCAL_OUT: a client in the same namespace. */
export function scheduleLocal(engine: Medium, space: Space, packet: Packet): Outcome | undefined {
  return schedule(engine, space, packet)
}

/** Whether a service of the namespace takes the packet. */
export function isScheduled(space: Space, packet: Packet): boolean {
  return serviceOf(space, packet) !== undefined
}

function serviceOf({ namespace: { ipvs } }: Space, packet: Packet): IpvsService | undefined {
  if (packet.viaIpvs === true || packet.icmp !== undefined || ipvs.length === 0) return undefined
  return packet.tracking?.direction === 'reply' ? undefined : serviceFor(ipvs, packet)
}

function schedule(engine: Medium, space: Space, packet: Packet): Outcome | undefined {
  const service = serviceOf(space, packet)
  if (service === undefined) return undefined
  const { run } = engine
  const place = placeIn(space, 'ipvs', describeService(service), { entry: serviceKey(service) })
  const usable = service.destinations.filter(({ weight }) => weight > 0)
  if (usable.length === 0) {
    const why = service.destinations.length === 0 ? 'has no destination' : 'has no destination with a weight'
    return run.drop(space, packet, { stage: 'ipvs', subject: place.text, text: `${place.text} ${why}`, place })
  }
  const words = usable.map(({ address, port }) => `${address}:${port}`)
  const taken =
    usable.length === 1 ? 0 : run.choose({ what: `which destination ${place.text} schedules`, where: place }, words)
  return toDestination(engine, space, packet, { service, place, destination: usable[taken] as IpvsDestination })
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

interface Scheduled {
  readonly service: IpvsService
  readonly place: Place
  readonly destination: IpvsDestination
}

function toDestination(engine: Medium, space: Space, packet: Packet, scheduled: Scheduled): Outcome {
  const { run } = engine
  const { service, destination } = scheduled
  const place = { ...scheduled.place, entry: serviceKey(service, destination) }
  const { address, port, forward } = destination
  const before = packet.destinationPort
  const real = ip(address)
  packet.viaIpvs = true
  run.hop(space, packet, {
    stage: 'ipvs',
    subject: place.text,
    text: `${place.text} → ${address}:${port} (${forward})`,
    place,
  })
  if (forward === 'masq') {
    packet.destination = real
    if (before !== undefined && port !== 0) packet.destinationPort = port
    updateConnection(packet)
    return sendThrough(engine, space, packet, real)
  }
  if (forward === 'route') return sendThrough(engine, space, packet, real)
  if (forward === 'local') return { kind: 'delivered', reason: `${place.text} keeps it here`, at: space }
  const text = `${place.text} tunnels to ${address}, which is not predicted`
  return run.unknown(space, packet, { stage: 'ipvs', subject: place.text, text, place })
}

/** ip_vs_update_conntrack: the answer is known by the real server's address. */
function updateConnection(packet: Packet): void {
  const connection = packet.tracking?.connection
  if (connection === undefined) return
  connection.reply = { ...connection.reply, source: packet.destination, sourcePort: packet.destinationPort }
  connection.destinationNat = true
}
