import koffi from 'koffi'
import { inNamespace } from 'netlink-ts'
import { bindTo, checked, native, openDescriptor } from '../src/kernel/packets/packet-calls.ts'

/** `send-frames NAMESPACE IFINDEX RATE SECONDS BYTES`: UDP datagrams at a rate; prints how many went and how long it took. */
const [name = '', link = '', rateText = '', secondsText = '', bytesText = ''] = process.argv.slice(2)
const [rate, seconds, bytes] = [Number(rateText), Number(secondsText), Number(bytesText)]
const BATCH = 32
const HEADER_BYTES = 64
const IOVEC_BYTES = 16

const fd = openDescriptor({ inside: (action) => inNamespace({ path: `/run/netns/${name}` }, action) })
bindTo(fd, Number(link))
const total = BATCH * (HEADER_BYTES + IOVEC_BYTES) + bytes
const pointer = koffi.alloc('uint8_t', total)
const memory = koffi.view(pointer, total)
const view = new DataView(memory)
const frameAt = BATCH * (HEADER_BYTES + IOVEC_BYTES)
new Uint8Array(memory).set(frame(bytes), frameAt)
const base = BigInt(koffi.address(pointer))
for (let slot = 0; slot < BATCH; slot++) {
  const iovec = BATCH * HEADER_BYTES + slot * IOVEC_BYTES
  view.setBigUint64(slot * HEADER_BYTES + 16, base + BigInt(iovec), true)
  view.setBigUint64(slot * HEADER_BYTES + 24, 1n, true)
  view.setBigUint64(iovec, base + BigInt(frameAt), true)
  view.setBigUint64(iovec + 8, BigInt(bytes), true)
}
const send = native('int sendmmsg(int, void *, unsigned int, int)')
const count = Math.round(rate * seconds)
const start = performance.now()
let sent = 0
while (sent < count) {
  // whoever is late sends at once what is due
  const due = ((performance.now() - start) / 1_000) * rate
  if (sent > due) continue
  const more = checked('sendmmsg', send(fd, pointer, Math.min(BATCH, count - sent), 0))
  sent += more
}
const elapsedMs = performance.now() - start
process.stdout.write(`${JSON.stringify({ sent, elapsedMs })}\n`)

function frame(size: number): Uint8Array {
  const whole = new Uint8Array(size)
  const header = new DataView(whole.buffer)
  whole.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45], 0)
  header.setUint16(16, size - 14)
  whole.set([64, 17], 22)
  whole.set([10, 9, 8, 1, 10, 9, 8, 2], 26)
  header.setUint16(34, 9)
  header.setUint16(36, 9)
  header.setUint16(38, size - 34)
  return whole
}
