// Runs in a worker thread, in plain JavaScript so that it loads the same from source, bundle and package.
// Blocks in poll(2) over the sockets it was given and an eventfd that wakes it, and posts what it reads:
// { id, datagrams: Uint8Array[] } | { id, overrun: true } | { id, failed: errno }.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import koffi from 'koffi'

const POLLIN = 1
const MSG_DONTWAIT = 0x40
const MSG_TRUNC = 0x20
const EINTR = 4
const EAGAIN = 11
const ENOBUFS = 105
/** Datagrams read from one socket before the others get their turn. */
const BURST = 256

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)
const library = koffi.load(null)
const poll = library.func('int poll(void *fds, unsigned long count, int timeoutMs)')
const recv = library.func('intptr_t recv(int fd, void *bytes, size_t length, int flags)')
const read = library.func('intptr_t read(int fd, void *bytes, size_t length)')

/** @type {Map<number, number>} id → descriptor */
const sockets = new Map()
const buffer = new Uint8Array(256 * 1024)
const wakeCount = new Uint8Array(8)

/** struct pollfd { int fd; short events; short revents; } of the eventfd and every socket. */
function pollSet() {
  const set = new DataView(new ArrayBuffer(8 * (sockets.size + 1)))
  const fds = [workerData.wakeFd, ...sockets.values()]
  fds.forEach((fd, position) => {
    set.setInt32(position * 8, fd, true)
    set.setInt16(position * 8 + 4, POLLIN, true)
  })
  return set
}

/** @param {number} id @param {number} fd */
function drain(id, fd) {
  /** @type {Uint8Array[]} */
  const datagrams = []
  while (datagrams.length < BURST) {
    const length = recv(fd, buffer, buffer.length, MSG_DONTWAIT | MSG_TRUNC)
    if (length >= 0 && length <= buffer.length) {
      datagrams.push(buffer.slice(0, length))
      continue
    }
    const errno = length < 0 ? koffi.errno() : ENOBUFS
    if (errno === EINTR) continue
    if (datagrams.length > 0) port.postMessage({ id, datagrams })
    datagrams.length = 0
    if (errno === ENOBUFS) port.postMessage({ id, overrun: true })
    else if (errno !== EAGAIN) {
      sockets.delete(id)
      port.postMessage({ id, failed: errno })
    }
    return
  }
  port.postMessage({ id, datagrams })
}

/** Takes in what the main thread asked for; false = end. */
function obey() {
  read(workerData.wakeFd, wakeCount, 8)
  for (let received = receiveMessageOnPort(port); received; received = receiveMessageOnPort(port)) {
    const { message } = received
    if (message.end) return false
    if (message.add !== undefined) sockets.set(message.add, message.fd)
    if (message.remove !== undefined) {
      sockets.delete(message.remove)
      port.postMessage({ id: message.remove, removed: true })
    }
  }
  return true
}

for (let running = true; running; ) {
  const ids = [...sockets.keys()]
  const set = pollSet()
  const count = poll(set, sockets.size + 1, -1)
  if (count < 0) {
    if (koffi.errno() !== EINTR) throw new Error(`poll: errno ${koffi.errno()}`)
    continue
  }
  const isReady = (/** @type {number} */ position) => set.getInt16(position * 8 + 6, true) !== 0
  ids.forEach((id, position) => {
    const fd = sockets.get(id)
    if (fd !== undefined && isReady(position + 1)) drain(id, fd)
  })
  if (isReady(0)) running = obey()
}
port.close()
