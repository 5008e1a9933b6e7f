import { closeSync, openSync } from 'node:fs'
import { addAddress, addRoute, changeLink, createVethPair, getLink, inNewNamespace } from 'netlink-ts'
import { NetworkHost } from '../../src/driver/network-host.ts'

/** A network namespace without a name: it ends with the last descriptor, so nothing of it can be left behind. */
export interface PrivateNamespace {
  /** For our own children as well. */
  readonly path: string
  readonly host: NetworkHost
  close(): void
}

/** With lo up. */
export function privateNamespace(): PrivateNamespace {
  const fd = inNewNamespace(() => openSync('/proc/thread-self/ns/net', 'r'))
  const path = `/proc/${process.pid}/fd/${fd}`
  const host = NetworkHost.open(path)
  host.route.request(changeLink(1, { up: true }))
  return {
    path,
    host,
    close: () => {
      host.close()
      closeSync(fd)
    },
  }
}

/** Where one end of a wire goes, and its addresses: `10.1.0.1/24`. */
export interface WireEnd {
  readonly namespace: PrivateNamespace
  readonly link: string
  readonly addresses: readonly string[]
  /** Default route. */
  readonly gateway?: string
}

/** A veth pair, both ends up and ready: until the kernel has noticed that they are, they lose what is sent. */
export function wire(one: WireEnd, other: WireEnd): void {
  const peer = { name: other.link, namespace: { fd: other.namespace.host.fd } }
  one.namespace.host.route.request(createVethPair(one.link, peer))
  for (const { namespace, link, addresses, gateway } of [one, other]) {
    const { route } = namespace.host
    const { index } = getLink(route, { name: link })
    for (const each of addresses) {
      const [address = '', length] = each.split('/')
      route.request(addAddress({ index, address, prefixLength: Number(length), flags: address.includes(':') ? 2 : 0 }))
    }
    route.request(changeLink(index, { up: true }))
    if (gateway !== undefined) route.request(addRoute({ family: 4, destination: 'default', gateway }))
  }
  for (const { namespace, link } of [one, other]) waitUntilUp(namespace, link)
}

const UP_DEADLINE_MS = 5000
const PAUSE_MS = 1

function waitUntilUp({ host }: PrivateNamespace, link: string): void {
  const end = Date.now() + UP_DEADLINE_MS
  while (getLink(host.route, { name: link }).operstate !== 'UP') {
    if (Date.now() > end) throw new Error(`${link}: not up within ${UP_DEADLINE_MS} ms`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
  }
}
