// Lists the links of a namespace: node list-links.mjs [PID | PATH]
// e.g. `node list-links.mjs 1`, `node list-links.mjs /run/netns/web`. Another namespace needs CAP_SYS_ADMIN.
import { dumpAddresses, dumpLinks, NETLINK, NetlinkError, NetlinkSocket } from 'netlink-ts'

const [target] = process.argv.slice(2)
const namespace =
  target === undefined ? {} : { namespace: /^\d+$/.test(target) ? { pid: Number(target) } : { path: target } }

try {
  const socket = new NetlinkSocket(NETLINK.ROUTE, namespace)
  const addresses = dumpAddresses(socket)
  for (const link of dumpLinks(socket)) {
    const own = addresses.filter(({ index }) => index === link.index)
    const texts = own.map(({ address, prefixLength }) => `${address}/${prefixLength}`)
    // a name is bytes that anybody may have chosen: never print it raw to a terminal
    const name = JSON.stringify(link.name).slice(1, -1)
    console.log(`${link.index}: ${name} ${link.kind ?? ''} ${link.operstate} mtu ${link.mtu} ${texts.join(' ')}`)
  }
  socket.close()
} catch (error) {
  if (!(error instanceof NetlinkError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
