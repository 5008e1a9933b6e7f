import type { Socket } from '../../model/snapshot.ts'
import { type Packet, PROTOCOL, protocolName } from '../packet.ts'
import { linkOf, type Space } from '../world.ts'

/** The socket that takes a new packet, the most particular one first (inet_lookup_listener, udp4_lib_lookup). */
export function findSocket(space: Space, packet: Packet): Socket | undefined {
  const wanted = protocolName(packet.protocol)
  const port = packet.proxy?.port ?? packet.destinationPort
  const fitting = space.namespace.sockets.filter(
    (socket) => socket.protocol === wanted && takes(space, socket, packet, port),
  )
  return fitting.toSorted((a, b) => particularity(b) - particularity(a))[0]
}

function takes(space: Space, socket: Socket, packet: Packet, port: number | undefined): boolean {
  const { localPort, state, link, remote, remotePort } = socket
  if (localPort !== port || socket.family === 'unix' || socket.family === 'packet') return false
  if (packet.protocol === PROTOCOL.TCP && state !== 'LISTEN') return false
  if (link !== undefined && linkOf(space, link)?.name === undefined) return false
  if (packet.protocol !== PROTOCOL.TCP && remote !== undefined) {
    return remote === packet.source.text && remotePort === packet.sourcePort && hears(socket, packet)
  }
  return hears(socket, packet)
}

function hears({ local, family, v6only }: Socket, packet: Packet): boolean {
  const address = packet.proxy?.address ?? packet.destination
  if (family === packet.family) {
    return (
      local === address.text ||
      local === (family === 4 ? '0.0.0.0' : '::') ||
      (packet.proxy !== undefined && local === '*')
    )
  }
  if (family !== 6) return false
  return v6only !== true && (local === '::' || local === `::ffff:${address.text}`)
}

function particularity({ local, remote, link, family }: Socket): number {
  const isBound = local !== '0.0.0.0' && local !== '::'
  return (remote === undefined ? 0 : 8) + (isBound ? 4 : 0) + (link === undefined ? 0 : 2) + (family === 4 ? 1 : 0)
}

/** Of a listening socket: the kernel drops what comes when more than the limit wait to be accepted. */
export function isQueueFull({ state, receiveQueue, sendQueue }: Socket): boolean {
  return state === 'LISTEN' && sendQueue > 0 && receiveQueue > sendQueue
}

export function isWildcard({ local, remote }: Socket): boolean {
  return remote === undefined && (local === '0.0.0.0' || local === '::')
}

/** `tcp *:8500 (consul, pid 912)`. */
export function describeSocket({ protocol, local, localPort, processes = [] }: Socket): string {
  const host = local === '0.0.0.0' || local === '::' ? '*' : local
  const [first] = processes
  const who = first === undefined ? '' : ` (${first.command}, pid ${first.pid})`
  return `${protocol} ${host.includes(':') ? `[${host}]` : host}:${localPort ?? '*'}${who}`
}
