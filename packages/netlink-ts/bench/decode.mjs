// How long rtnetlink messages take to decode: node packages/netlink-ts/bench/decode.mjs (after the build; needs root).
// Makes a namespace with 150 veth pairs on a bridge, dumps it raw, and decodes as many messages as a host with a
// thousand namespaces has: once in a cold process, then warm. Times are of this thread on the CPU (schedstat), so
// that other programs do not count.
import { readFileSync } from 'node:fs'
import {
  AF,
  addAddress,
  addRule,
  changeLink,
  createLink,
  createVethPair,
  decodeAddress,
  decodeFdbEntry,
  decodeLink,
  decodeNeighbour,
  decodeRoute,
  decodeRule,
  getLink,
  inNewNamespace,
  NETLINK,
  NetlinkSocket,
  RTM,
} from '../dist/index.js'

const PAIRS = 150
/** Name, request type, bytes of the fixed header, family, decoder, messages of a thousand namespaces. */
const OBJECTS = /** @type {const} */ ([
  ['links', RTM.GETLINK, 16, AF.UNSPEC, decodeLink, 3000],
  ['addresses', RTM.GETADDR, 8, AF.UNSPEC, decodeAddress, 4000],
  ['routes', RTM.GETROUTE, 12, AF.UNSPEC, decodeRoute, 10_000],
  ['rules', RTM.GETRULE, 12, AF.UNSPEC, decodeRule, 6000],
  ['neighbours', RTM.GETNEIGH, 12, AF.UNSPEC, decodeNeighbour, 3000],
  ['fdb', RTM.GETNEIGH, 12, AF.BRIDGE, decodeFdbEntry, 6000],
])

const socket = inNewNamespace(() => new NetlinkSocket(NETLINK.ROUTE))
populate()
const raw = OBJECTS.map(([, type, header, family]) =>
  socket.dump({ type, fill: (writer) => writer.u8(family).zeros(header - 1) }, copy),
)
socket.close()
console.log('round  total ms  µs a message')
for (const round of ['cold', 'warm', 'warm']) {
  const times = OBJECTS.map(([name, , , , decode, count], position) => [
    name,
    timed(decode, raw[position] ?? [], count),
    count,
  ])
  const total = times.reduce((sum, [, us]) => sum + Number(us), 0)
  const each = times.map(([name, us, count]) => `${name} ${(Number(us) / Number(count)).toFixed(2)}`)
  console.log(`${round}   ${(total / 1000).toFixed(1).padStart(7)}   ${each.join('  ')}`)
}

function populate() {
  const lo = getLink(socket, { name: 'lo' }).index
  socket.request(createLink({ kind: 'bridge', name: 'br0', up: true }))
  const master = getLink(socket, { name: 'br0' }).index
  socket.request(changeLink(lo, { up: true }))
  for (let pair = 0; pair < PAIRS; pair++) {
    socket.request(createVethPair(`v${pair}`, { name: `w${pair}` }, { master, up: true }))
    const index = getLink(socket, { name: `w${pair}` }).index
    const failed = socket.batch([
      changeLink(index, { up: true }),
      addAddress({ index, address: `10.${pair}.0.1`, prefixLength: 24 }),
      addAddress({ index, address: `fd00:${pair.toString(16)}::1`, prefixLength: 64 }),
      addRule({ family: 4, from: `10.${pair}.0.0/16`, table: 1000 + pair, priority: 100 + pair }),
    ])
    for (const error of failed) if (error) throw error
  }
}

/** The message in a buffer of its own. @param {import('../dist/index.js').Message} message */
function copy(message) {
  const bytes = message.bytes.slice(message.start - 16, message.end)
  return { ...message, bytes, start: 16, end: bytes.length }
}

/**
 * Microseconds on the CPU; the results are kept, as a snapshot does.
 * @param {(message: import('../dist/index.js').Message) => unknown} decode
 * @param {readonly import('../dist/index.js').Message[]} messages
 * @param {number} count
 */
function timed(decode, messages, count) {
  const kept = []
  const start = cpuUs()
  for (let done = 0; done < count; done++) {
    const message = messages[done % messages.length]
    if (message) kept.push(decode(message))
  }
  return cpuUs() - start
}

function cpuUs() {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1000
}
