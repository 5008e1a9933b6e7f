import { type Ip, ipOfBytes } from '../address.ts'
import { runHook } from '../firewall/hook.ts'
import type { HookName } from '../firewall/rule.ts'
import { type Packet, PROTOCOL } from '../packet.ts'
import type { Run } from '../run.ts'
import { placeIn, type SpaceLink } from '../world.ts'

/** linux/icmpv6.h and net/ndisc.h. */
const NDISC = { SOLICITATION: 135, ADVERTISEMENT: 136 } as const

/** Neighbour discovery of IPv6 is ICMPv6, which firewalls see; connection tracking leaves it alone (RFC 4861). */
function discoveryPacket(type: number, source: Ip, destination: Ip): Packet {
  return {
    family: 6,
    source,
    destination,
    protocol: PROTOCOL.ICMPV6,
    icmp: { type, code: 0, id: 0 },
    ttl: 255,
    size: 72,
    df: false,
    tos: 0,
    mark: 0,
    tracking: { state: 'UNTRACKED', direction: 'original' },
  }
}

/** ff02::1:ff00:0/104 and the last 24 bits of the address (RFC 4291). */
function solicitedNode({ words }: Ip): Ip {
  const last = words[3] ?? 0
  return ipOfBytes([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, (last >>> 16) & 255, (last >>> 8) & 255, last & 255])
}

export function solicitation(asker: Ip, target: Ip): Packet | undefined {
  return target.family === 6 ? discoveryPacket(NDISC.SOLICITATION, asker, solicitedNode(target)) : undefined
}

export function advertisement(target: Ip, asker: Ip): Packet | undefined {
  return target.family === 6 ? discoveryPacket(NDISC.ADVERTISEMENT, target, asker) : undefined
}

/** Whether the firewall of a namespace lets it out by a link; what it stops is noted as a loss. */
export function leaves(run: Run, at: SpaceLink, packet: Packet | undefined): boolean {
  return passes(run, at, packet, ['output', 'postrouting'])
}

/** Whether it lets it in. */
export function enters(run: Run, at: SpaceLink, packet: Packet | undefined): boolean {
  return passes(run, at, packet, ['prerouting', 'input'])
}

function passes(run: Run, at: SpaceLink, packet: Packet | undefined, hooks: readonly HookName[]): boolean {
  if (packet === undefined) return true
  const { space, link } = at
  return hooks.every((hook) => {
    const side = hook === 'output' || hook === 'postrouting' ? { out: link } : { in: link }
    const result = runHook({ run, space, packet: { ...packet }, hook, ...side })
    if (result.kind === 'accept') return true
    const reason = `neighbour discovery is ${result.text}`
    run.lose({ space, link: link.name, reason, place: result.place ?? placeIn(space, 'kernel', reason) })
    return false
  })
}
