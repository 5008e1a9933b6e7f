import { readdirSync } from 'node:fs'
import { decodeNftTrace, isNftTrace, NETLINK, NetlinkSocket, NFNLGRP, type NftTrace } from 'netlink-ts'
import { recv } from '../../../packages/netlink-ts/src/libc.ts'
import { type Message, messages } from '../../../packages/netlink-ts/src/message.ts'

/**
 * Run by node inside the world: hears the kernel's rule traces of every named namespace until its input ends, then prints
 * what nft rules and policies dropped, in order, as {@link TracedDrop}.
 */
export interface TracedDrop {
  readonly namespace: string
  /** Source or destination port, or the id of an echo: which probe it belongs to. */
  readonly marks: readonly number[]
  readonly family: string
  readonly table: string
  readonly chain: string
  /** Absent when the policy dropped it. */
  readonly handle?: number
}

const RECEIVE_BUFFER = 64 << 20
const sockets = readdirSync('/run/netns').map((name) => ({
  name,
  socket: new NetlinkSocket(NETLINK.NETFILTER, {
    namespace: { path: `/run/netns/${name}` },
    groups: [NFNLGRP.NFTRACE],
    receiveBuffer: RECEIVE_BUFFER,
  }),
}))
process.stdout.write('ready\n')
process.stdin.resume()
process.stdin.once('end', () => {
  const drops = sockets.flatMap(({ name, socket }) => dropsOf(name, receiveAll(socket)))
  process.stdout.write(JSON.stringify(drops), () => process.exit(0))
})

function dropsOf(namespace: string, traced: readonly Message[]): TracedDrop[] {
  const marks = new Map<number, readonly number[]>()
  return traced.filter(isNftTrace).flatMap((message) => {
    const event = decodeNftTrace(message)
    const seen = marksOf(event)
    if (seen !== undefined) marks.set(event.id, seen)
    const { familyName, table, chain, type, verdict, policy, ruleHandle } = event
    if (!(type === 'rule' ? verdict === 'drop' : policy === 'drop')) return []
    const rule = type === 'rule' && ruleHandle !== undefined ? { handle: ruleHandle } : {}
    return [{ namespace, marks: marks.get(event.id) ?? [], family: familyName, table, chain, ...rule }]
  })
}

const MSG_DONTWAIT = 0x40
const LARGEST = 256 * 1024

function receiveAll({ fd }: NetlinkSocket): Message[] {
  const all: Message[] = []
  const buffer = new Uint8Array(LARGEST)
  for (;;) {
    const length = recv(fd, buffer, MSG_DONTWAIT)
    if (length < 0) return all
    all.push(...messages(buffer.slice(0, length)))
  }
}

/** Ports, or the id of an echo. */
function marksOf({ networkHeader, transportHeader }: NftTrace): readonly number[] | undefined {
  if (networkHeader === undefined || transportHeader === undefined) return undefined
  const protocol = (networkHeader[0] ?? 0) >> 4 === 4 ? networkHeader[9] : networkHeader[6]
  const word = (at: number) => ((transportHeader[at] ?? 0) << 8) | (transportHeader[at + 1] ?? 0)
  return protocol === 1 || protocol === 58 ? [word(4)] : [word(0), word(2)]
}
