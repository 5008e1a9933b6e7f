// Makes a namespace, a veth pair into it with an address at both ends, and cleans up. Needs root.
import { closeSync, openSync } from 'node:fs'
import {
  addAddress,
  addRoute,
  changeLink,
  createVethPair,
  deleteLink,
  dumpRoutes,
  getLink,
  inNewNamespace,
  NETLINK,
  NetlinkSocket,
} from 'netlink-ts'

const NAME = 'example0'
// The namespace lives as long as this descriptor (or the socket) does.
const { inside, fd } = inNewNamespace(() => ({
  inside: new NetlinkSocket(NETLINK.ROUTE),
  fd: openSync('/proc/thread-self/ns/net', 'r'),
}))
const outside = new NetlinkSocket(NETLINK.ROUTE)

outside.request(createVethPair(NAME, { name: 'eth0', namespace: { fd } }, { alias: 'made by an example' }))
try {
  const near = getLink(outside, { name: NAME }).index
  const far = getLink(inside, { name: 'eth0' }).index
  // Several requests in one system call; an error or undefined for each.
  const failures = [
    ...outside.batch([
      changeLink(near, { up: true }),
      addAddress({ index: near, address: '192.0.2.1', prefixLength: 30 }),
    ]),
    ...inside.batch([
      changeLink(far, { up: true }),
      addAddress({ index: far, address: '192.0.2.2', prefixLength: 30 }),
      addRoute({ family: 4, destination: 'default', gateway: '192.0.2.1' }),
    ]),
  ].filter((error) => error !== undefined)
  if (failures[0]) throw failures[0]
  for (const route of dumpRoutes(inside, { table: 254, family: 4 })) {
    console.log(
      `inside: ${route.destination} ${route.gateway === undefined ? `dev ${route.index}` : `via ${route.gateway}`}`,
    )
  }
} finally {
  outside.request(deleteLink({ name: NAME }))
  outside.close()
  inside.close()
  closeSync(fd)
}
