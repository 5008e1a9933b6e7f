/** A packet that the kernel freed without handing it on, as `skb:kfree_skb` tells of it. */
export interface DroppedPacket {
  /** `IP_RPFILTER` (include/net/dropreason-core.h). */
  readonly reason: string
  /** The kernel's function; absent where the kernel gives an address only. */
  readonly location?: string
  /** ETH_P_* */
  readonly protocol: number
  /** It was dropped within a call of ours, before that returned. */
  readonly isOurs: boolean
}

/** Fields of a tracepoint, by its `format` file. */
export function parseFields(format: string): ReadonlySet<string> {
  return new Set([...format.matchAll(/^\tfield:.*?(\w+)(?:\[[^\]]*\])?;/gm)].flatMap(([, name]) => name ?? []))
}

/** What our calls are between, in the same file. */
export const MARKS = { BEGIN: 'tsnet: begins', END: 'tsnet: ends' } as const

const LINE = /^.+-(\d+) +(?:\([ \d-]+\) +)?\[\d+\] .*?: (kfree_skb|tracing_mark_write): (.*)$/
const DROP = /protocol=(\d+) location=(.+?) reason: (\S+)/

/** Reads what `trace` of an instance holds, by time; lines of anything else are passed over. */
export function parseDrops(text: string): DroppedPacket[] {
  const drops: DroppedPacket[] = []
  let own: string | undefined
  for (const line of text.split('\n')) {
    const [, pid, event, rest = ''] = LINE.exec(line) ?? []
    if (event === 'tracing_mark_write') own = rest.startsWith(MARKS.BEGIN) ? pid : undefined
    const drop = event === 'kfree_skb' ? parseDrop(rest) : undefined
    if (drop !== undefined) drops.push({ ...drop, isOurs: own !== undefined && own === pid })
  }
  return drops
}

function parseDrop(text: string): Omit<DroppedPacket, 'isOurs'> | undefined {
  const [, protocol, place = '', reason] = DROP.exec(text) ?? []
  if (reason === undefined) return undefined
  const [, location] = /^([A-Za-z_][\w.]*)\+0x/.exec(place) ?? []
  return { reason, protocol: Number(protocol), ...(location === undefined ? {} : { location }) }
}
