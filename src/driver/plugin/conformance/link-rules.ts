import { dumpAddresses, getLink, NETLINK, NetlinkError, NetlinkSocket } from 'netlink-ts'

/**
 * The addresses that somebody gave to a link of our own namespace.
 *
 * @returns undefined when there is no such link, or nothing can be seen: the plugin may be anywhere
 */
export function configuredAddresses(name: string): readonly string[] | undefined {
  const socket = new NetlinkSocket(NETLINK.ROUTE)
  try {
    const { index } = getLink(socket, { name })
    // link-local ones are made by the kernel
    const own = dumpAddresses(socket, { index }).filter(({ scope }) => scope !== 'link')
    return own.map(({ address, prefixLength }) => `${address}/${prefixLength}`)
  } catch (error) {
    if (error instanceof NetlinkError) return undefined
    throw error
  } finally {
    socket.close()
  }
}
