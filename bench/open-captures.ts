import { readdirSync } from 'node:fs'
import { inNamespace } from 'netlink-ts'
import { PacketSocket } from '../src/kernel/packets/packet-socket.ts'

/** Opens a capture on every interface of every named namespace; prints the milliseconds it took and how many there are. */
const names = readdirSync('/run/netns')
const start = performance.now()
const sockets = names.map((name) =>
  PacketSocket.open({ inside: (action) => inNamespace({ path: `/run/netns/${name}` }, action) }),
)
const openMs = performance.now() - start
process.stdout.write(`${JSON.stringify({ openMs, count: sockets.length })}\n`)
const closing = performance.now()
await Promise.all(sockets.map((socket) => socket.close()))
process.stderr.write(`closed in ${Math.round(performance.now() - closing)} ms\n`)
