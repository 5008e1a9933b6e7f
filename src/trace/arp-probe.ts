import { TsnetError } from '../errors.ts'
import type { NamespaceSession } from '../inspect/session.ts'
import { BpfWriter } from '../kernel/packets/bpf.ts'
import { PacketSocket } from '../kernel/packets/packet-socket.ts'
import { sendFrame } from '../kernel/packets/send-frame.ts'
import type { Flow } from '../model/journey.ts'
import { decodePacket, ETHERTYPE } from '../model/packets/decode-packet.ts'
import type { Link, Namespace } from '../model/snapshot.ts'
import { nameOf } from '../model/wiring.ts'
import type { ArpIdentity } from './identity.ts'
import type { Outcome } from './observation.ts'
import { arpRequest } from './payloads.ts'
import type { Probe } from './probe.ts'

/** Nobody learns anything from it: what asks whether an address is taken (RFC 5227). */
const NO_ADDRESS = '0.0.0.0'

/**
 * One ARP request by a link of the source. Asked for an address of its own it has no sender address, as in duplicate
 * address detection, so that nobody's neighbours change.
 *
 * @throws TsnetError `usage` for an address that is on no link of the source
 */
export function prepareArpProbe(session: NamespaceSession, flow: Flow, namespace: Namespace): Probe {
  const { link, address } = linkFor(flow, namespace)
  const mac = link.mac
  if (mac === undefined || !link.flags.includes('UP')) {
    const why = mac === undefined ? 'has no MAC address' : 'is down'
    throw new TsnetError('usage', `trace: ${link.name} of ${nameOf(namespace)} ${why}: it asks nobody`)
  }
  const isOwn = namespace.addresses.some((each) => hasAddress(each.address, flow.destination))
  const arp: ArpIdentity = { target: flow.destination, sender: isOwn ? NO_ADDRESS : address, senderMac: mac }
  const filter = new BpfWriter().protocol().ifEqual(ETHERTYPE.ARP, 'accept').refuse().label('accept').accept().finish()
  const socket = PacketSocket.open(session, { link: link.index, filter })
  let failed: Outcome | undefined
  return {
    identity: { family: 4, protocol: ETHERTYPE.ARP, cookie: 0xffff_ffff, arp },
    kind: 'ARP request',
    mark: `who has ${arp.target}, by ${link.name} from ${arp.sender} ${mac}`,
    sourcePort: undefined,
    send: () => {
      const errno = sendFrame(socket.fd, arpRequest(arp))
      if (errno !== undefined) failed = { kind: 'refused', errno }
    },
    poll: () => failed ?? (hasAnswer(socket, arp) ? { kind: 'answered' } : undefined),
    close: () => void socket.close(),
  }
}

function hasAnswer(socket: PacketSocket, { target }: ArpIdentity): boolean {
  return socket.read().some(({ bytes, direction }) => {
    const { arp } = decodePacket(bytes)
    return direction === 'in' && arp?.operation === 2 && arp.sender === target
  })
}

function hasAddress(prefix: string, address: string): boolean {
  return prefix.split('/')[0] === address
}

function linkFor({ source, destination }: Flow, namespace: Namespace): { link: Link; address: string } {
  const name = nameOf(namespace)
  if (destination.includes(':')) {
    throw new TsnetError('usage', `trace: ${destination} is no IPv4 address: IPv6 has no ARP`)
  }
  const own = namespace.addresses.filter(({ address }) => !address.includes(':'))
  const wanted = namespace.links.find((each) => each.name === source.link)
  if (source.link !== undefined && wanted === undefined) {
    throw new TsnetError('usage', `trace: ${name} has no link ${source.link}`)
  }
  const near = own.find(
    ({ link, address }) => (wanted === undefined || link === wanted.index) && covers(address, destination),
  )
  const link = wanted ?? namespace.links.find(({ index }) => index === near?.link)
  if (link === undefined) {
    throw new TsnetError('usage', `trace: ${destination} is on no link of ${name}: only neighbours can be asked`, {
      hint: 'Ask for the next hop, or name a link with --link',
    })
  }
  const address = source.address ?? near?.address ?? own.find((each) => each.link === link.index)?.address
  return { link, address: address?.split('/')[0] ?? NO_ADDRESS }
}

/** Whether an address is in the network of an interface's address. */
function covers(prefix: string, address: string): boolean {
  const [network, length = '32'] = prefix.split('/')
  const bits = Number(length)
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - bits)
  return Math.floor(number(network ?? '') / size) === Math.floor(number(address) / size)
}
