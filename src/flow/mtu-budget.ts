import type { Flow, Hop, Journey, MtuBudget, MtuRow } from './journey.ts'
import { predict } from './predict.ts'
import { linkNamed, type World } from './world.ts'

/** The smallest packet that every link takes (RFC 791), and the largest that there is. */
const SMALLEST = 68
const LARGEST = 65_535

/** Bytes of the headers before the payload: IP without options, and what is on it. */
const IP_HEADER = { 4: 20, 6: 40 } as const
const TRANSPORT_HEADER: Readonly<Record<string, number>> = { tcp: 20, udp: 8, icmp: 8, icmpv6: 8, sctp: 12 }

/**
 * What each link on the way takes, and the largest packet that arrives whole: found by predicting ever closer sizes,
 * so that whatever stops one is counted. Undefined when not even the smallest packet arrives.
 */
export function mtuBudget(world: World, flow: Flow): MtuBudget | undefined {
  const small = sized(world, flow, SMALLEST)
  if (small.verdict !== 'delivered') return undefined
  let [fits, fails] = [SMALLEST, LARGEST + 1]
  while (fails - fits > 1) {
    const size = Math.floor((fits + fails) / 2)
    if (sized(world, flow, size).verdict === 'delivered') fits = size
    else fails = size
  }
  const family = flow.destination.includes(':') ? 6 : 4
  const stopped = fits < LARGEST ? sized(world, flow, fits + 1) : undefined
  return {
    largestPacket: fits,
    largestPayload: fits - IP_HEADER[family] - (TRANSPORT_HEADER[flow.protocol] ?? 0),
    rows: small.hops.flatMap((hop) => rowOf(world, hop)),
    ...(stopped?.where === undefined ? {} : { limit: stopped.where }),
  }
}

function sized(world: World, flow: Flow, size: number): Journey {
  return predict(world, { ...flow, size, df: true })
}

/** Hops that are links; what wraps the packet tells by how much it grew. */
function rowOf(world: World, { namespace, host, name, stage, subject, packet }: Hop): readonly MtuRow[] {
  if (stage !== 'link' && stage !== 'bridge' && stage !== 'tunnel' && stage !== 'outside') return []
  const space = world.space(host ?? 0, namespace)
  const link = space && linkNamed(space, subject)
  if (link === undefined) return []
  return [{ namespace, name, link: link.name, mtu: link.mtu, packet: packet.size }]
}
