import { getNftGeneration, inNamespace, NETLINK, NetlinkSocket } from 'netlink-ts'

/** Run by node inside the world: the nft generation of the host and of each namespace named, as JSON. */
const names = process.argv.slice(2)
const generation = () => {
  const socket = new NetlinkSocket(NETLINK.NETFILTER)
  try {
    return getNftGeneration(socket).id
  } finally {
    socket.close()
  }
}
const found = names.map((name) => [name, inNamespace({ path: `/run/netns/${name}` }, generation)])
process.stdout.write(JSON.stringify(Object.fromEntries([['host', generation()], ...found])))
