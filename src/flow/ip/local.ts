import { socketKey } from '../../model/entry-key.ts'
import { runHook } from '../firewall/hook.ts'
import type { RuleContext } from '../firewall/rule.ts'
import { stopped } from '../firewall/stopped.ts'
import type { Place } from '../journey.ts'
import type { Medium } from '../link/medium.ts'
import { vxlanReceive } from '../link/vxlan.ts'
import { isEchoRequest, isIcmpError, type Packet, PROTOCOL, TCP_FLAG } from '../packet.ts'
import type { Outcome } from '../run.ts'
import { placeIn, type Space, type SpaceLink, sysctlOf, wasRead } from '../world.ts'
import { answerTo } from './answer.ts'
import { sendIcmpError, sendReset } from './errors.ts'
import { isTaken, schedule } from './ipvs.ts'
import { describeSocket, findSocket, isQueueFull, isWildcard } from './sockets.ts'
import { routedSource } from './source.ts'
import { refusedIn, transformIn } from './xfrm.ts'

/** A packet for the namespace itself: INPUT, then who waits for it (ip_local_deliver). */
export function receiveLocal(engine: Medium, { space, link }: SpaceLink, packet: Packet): Outcome {
  const { run } = engine
  const context: RuleContext = { run, space, packet, hook: 'input', in: link }
  const result = runHook(context, () => isTaken(run, space, packet))
  if (result.kind !== 'accept') return stopped(engine, context, result)
  const scheduled = schedule(engine, space, packet)
  if (scheduled !== undefined) return scheduled
  const transformed = transformIn(engine, { space, link }, packet)
  if (transformed !== undefined) return transformed
  const refused = refusedIn(engine, space, packet)
  if (refused !== undefined) return refused
  const tunnelled = vxlanReceive(engine, space, packet)
  if (tunnelled !== undefined) return tunnelled
  return toSocket(engine, space, packet)
}

function toSocket(engine: Medium, space: Space, packet: Packet): Outcome {
  if (isExpected(engine, space, packet)) return arrived(engine, space, packet, expectedText(packet))
  if (isIcmpError(packet)) return stray(engine, space, packet)
  switch (packet.protocol) {
    case PROTOCOL.ICMP:
    case PROTOCOL.ICMPV6:
      return toKernel(engine, space, packet)
    case PROTOCOL.TCP:
      return (packet.tcpFlags ?? 0) & (TCP_FLAG.ACK | TCP_FLAG.RST)
        ? stray(engine, space, packet)
        : toListener(engine, space, packet)
    default:
      return toListener(engine, space, packet)
  }
}

function expectedText({ tcpFlags }: Packet): string {
  return tcpFlags === TCP_FLAG.ACK ? 'the connection is established' : 'the answer reaches who waits for it'
}

/** Whether it is the answer, or an error about the packet, that the first sender waits for. */
function isExpected({ run }: Medium, space: Space, packet: Packet): boolean {
  const { expected } = run
  if (expected === undefined || expected.space !== space) return false
  const sent = expected.packet
  if (packet.inner !== undefined && isIcmpError(packet)) {
    const { inner } = packet
    return (
      inner.source.text === sent.source.text &&
      inner.destination.text === sent.destination.text &&
      inner.sourcePort === sent.sourcePort &&
      inner.destinationPort === sent.destinationPort
    )
  }
  const isAnswer =
    packet.protocol === sent.protocol &&
    packet.source.text === sent.destination.text &&
    packet.destination.text === sent.source.text
  if (!isAnswer || isEchoRequest(packet)) return false
  return packet.sourcePort === sent.destinationPort && packet.destinationPort === sent.sourcePort
}

/** An answer to something that nobody in the namespace asked. */
function stray({ run }: Medium, space: Space, packet: Packet): Outcome {
  const { expected } = run
  const asked = expected?.space === space ? `; the sender waits for one from ${expected.packet.destination.text}` : ''
  const text = `nobody in ${space.name} waits for an answer from ${packet.source.text}${asked}`
  const place = placeIn(space, 'socket', text)
  return run.drop(space, packet, { stage: 'socket', subject: space.name, text, place })
}

function toKernel(engine: Medium, space: Space, packet: Packet): Outcome {
  const { run } = engine
  if (!isEchoRequest(packet)) return stray(engine, space, packet)
  if (packet.family === 4 && sysctlOf(space, 'net.ipv4.icmp_echo_ignore_all') === 1) {
    const sysctl = 'net.ipv4.icmp_echo_ignore_all'
    const place = placeIn(space, 'sysctl', `${sysctl} = 1`, { sysctl })
    return run.drop(space, packet, {
      stage: 'socket',
      subject: space.name,
      text: `${space.name} answers no ping: ${sysctl} is 1`,
      place,
    })
  }
  return arrived(engine, space, packet, `${space.name} answers the ping`)
}

function arrived({ run }: Medium, space: Space, packet: Packet, text: string): Outcome {
  run.hop(space, packet, { stage: 'socket', subject: space.name, text, place: placeIn(space, 'socket', text) })
  return { kind: 'delivered', reason: text, at: space, answer: { space, packet: answerTo(space, packet) } }
}

function toListener(engine: Medium, space: Space, packet: Packet): Outcome {
  const { run } = engine
  if (!wasRead(space, 'sockets')) {
    run.choose({ what: `whether anybody in ${space.name} listens: its sockets were not read` }, ['somebody listens'])
    return arrived(engine, space, packet, `reaches ${space.name}`)
  }
  const socket = findSocket(space, packet)
  if (socket === undefined) return closed(engine, space, packet)
  const text = describeSocket(socket)
  const place = placeIn(space, 'socket', text, { entry: socketKey(socket) })
  if (isQueueFull(socket)) {
    const full = `the accept queue of ${text} is full (${socket.receiveQueue} of ${socket.sendQueue})`
    return run.drop(space, packet, { stage: 'socket', subject: text, text: full, place })
  }
  run.hop(space, packet, { stage: 'socket', subject: text, text, place })
  const answer = answerTo(space, packet)
  if (packet.protocol === PROTOCOL.UDP && isWildcard(socket)) chooseSource(engine, space, answer, place)
  return { kind: 'delivered', reason: `${space.name} ${text} gets it`, at: space, answer: { space, packet: answer } }
}

/** A socket bound to no address answers from the one its route says, unless the program takes care (IP_PKTINFO). */
function chooseSource({ run }: Medium, space: Space, answer: Packet, socket: Place): void {
  const routed = routedSource(run, space, answer)
  if (routed === undefined || routed.text === answer.source.text) return
  const what = `whether ${socket.text} answers from the address it was asked at`
  const words = [`from ${routed.text}, as its route says`, `from ${answer.source.text}`]
  if (run.choose({ what, where: socket }, words) === 0) answer.source = routed
}

/** Nobody listens: a reset, or port unreachable, when it gets back. */
function closed(engine: Medium, space: Space, packet: Packet): Outcome {
  const { run } = engine
  const isTcp = packet.protocol === PROTOCOL.TCP
  const isPorted = isTcp || packet.protocol === PROTOCOL.UDP
  const code = packet.family === 4 ? { type: 3, code: isPorted ? 3 : 2 } : { type: 1, code: 4 }
  const reply = isTcp ? sendReset(engine, space, packet, false) : sendIcmpError(engine, space, packet, code)
  // a mark that was meant for IPVS and that no service of it has
  const isMarked = packet.mark !== 0 && space.namespace.ipvs.length > 0
  const marked = isMarked ? `, and mark 0x${packet.mark.toString(16)} has no IPVS service` : ''
  const listens = `nobody in ${space.name} listens on ${packet.destination.text} ${packet.destinationPort ?? ''}`
  const what = `${listens.trimEnd()}${marked}`
  const said = reply.arrives ? what : `${what}, and its refusal does not get back: ${reply.reason}`
  const place = placeIn(space, isMarked ? 'ipvs' : 'socket', what)
  run.hop(space, packet, { stage: 'socket', subject: space.name, text: said, place, stopped: true })
  return { kind: reply.arrives ? 'rejected' : 'dropped', reason: said, place }
}
