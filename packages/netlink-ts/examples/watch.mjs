// Prints links, addresses and routes as they come and go, until ctrl-C: node watch.mjs [PID…]
import { decodeAddress, decodeLink, decodeRoute, NETLINK, NetlinkSocket, RTM, RTNLGRP, Subscription } from 'netlink-ts'

const GROUPS = [RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE]

/** @param {import('netlink-ts').Message} message */
function words(message) {
  switch (message.type) {
    case RTM.NEWLINK:
      return ['link', decodeLink(message).name, decodeLink(message).operstate]
    case RTM.DELLINK:
      return ['link gone', decodeLink(message).name]
    case RTM.NEWADDR:
      return ['address', decodeAddress(message)?.address]
    case RTM.DELADDR:
      return ['address gone', decodeAddress(message)?.address]
    case RTM.NEWROUTE:
      return ['route', decodeRoute(message)?.destination]
    case RTM.DELROUTE:
      return ['route gone', decodeRoute(message)?.destination]
    default:
      return ['message', message.type]
  }
}

/** @type {Subscription<string>} */
const subscription = new Subscription()
const pids = process.argv.slice(2).map(Number)
subscription.add(new NetlinkSocket(NETLINK.ROUTE, { groups: GROUPS, receiveBuffer: 1 << 20 }), 'here')
for (const pid of pids) {
  subscription.add(new NetlinkSocket(NETLINK.ROUTE, { groups: GROUPS, namespace: { pid } }), `pid ${pid}`)
}
process.once('SIGINT', () => subscription.close())

for await (const { tag, message, overrun } of subscription) {
  // after an overrun everything of that socket has to be dumped again
  console.log(tag, ...(overrun ? ['overrun'] : words(message)).map((word) => JSON.stringify(word)))
}
