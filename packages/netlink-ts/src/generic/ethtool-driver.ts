import { malformed, NetlinkError } from '../error.ts'
import { checked, ioctlInterface } from '../libc.ts'
import { text } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import { Writer } from '../writer.ts'

/** linux/sockios.h, linux/ethtool.h: generic netlink has no message for this. */
const SIOCETHTOOL = 0x8946
const ETHTOOL_GDRVINFO = 3
const DRVINFO_BYTES = 196
const IFNAMSIZ = 16
const EOPNOTSUPP = 95

/** struct ethtool_drvinfo; a field is empty when the driver does not fill it. */
export interface EthtoolDriver {
  /** `veth`, `bridge`, `virtio_net`, `ixgbe`… */
  readonly driver: string
  readonly version: string
  readonly firmware: string
  /** Where the hardware is: `0000:00:03.0`. */
  readonly bus: string
}

/**
 * Driver of the link `name` in the socket's namespace; any netlink socket will do.
 * Throws `unsupported` for a link whose driver does not say (`lo`).
 */
export function getEthtoolDriver(socket: NetlinkSocket, name: string): EthtoolDriver {
  const data = new Writer()
    .u32(ETHTOOL_GDRVINFO)
    .zeros(DRVINFO_BYTES - 4)
    .finish()
  if (name === '' || new TextEncoder().encode(name).length >= IFNAMSIZ || name.includes('\0')) {
    throw new NetlinkError('usage', `driver information: link name ${JSON.stringify(name)}`)
  }
  try {
    checked(`driver information of ${name}`, ioctlInterface(socket.fd, SIOCETHTOOL, { name, data }))
  } catch (cause) {
    if (!(cause instanceof NetlinkError) || cause.errno !== EOPNOTSUPP) throw cause
    throw new NetlinkError('unsupported', `${name}: its driver gives no information`, { errno: EOPNOTSUPP, cause })
  }
  return decodeEthtoolDriver(data)
}

/** struct ethtool_drvinfo. */
export function decodeEthtoolDriver(bytes: Uint8Array): EthtoolDriver {
  if (bytes.length < DRVINFO_BYTES) throw malformed(`ethtool_drvinfo: ${bytes.length} bytes, needs ${DRVINFO_BYTES}`)
  return {
    driver: text(bytes, 4, 32),
    version: text(bytes, 36, 32),
    firmware: text(bytes, 68, 32),
    bus: text(bytes, 100, 32),
  }
}
