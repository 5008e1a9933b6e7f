import { LABEL } from '../labels.ts'
import { randomId, type Subject } from './subject.ts'

/** One network and one endpoint of it, in the messages of an engine. */
export interface Conversation {
  readonly network: { readonly NetworkID: string }
  readonly ids: { readonly NetworkID: string; readonly EndpointID: string }
  readonly createNetwork: object
  /** With address and MAC, as for `--ip` and `--mac-address`. */
  readonly createEndpoint: object
  /** With addresses alone. */
  readonly createDynamicEndpoint: object
  readonly join: object
  readonly program: object
  readonly pools: readonly string[]
}

const MAC = '02:42:c6:12:00:46'

/**
 * @param position a subnet of its own (0…255) of 198.18.0.0/16, which is for tests (RFC 2544), and of a ULA prefix
 */
export function conversation({ options }: Subject, position: number, { ipv6 = false } = {}): Conversation {
  const NetworkID = randomId()
  const EndpointID = randomId()
  const network = { NetworkID }
  const ids = { NetworkID, EndpointID }
  const v4 = `198.18.${position}`
  const v6 = `fd74:736e:6574:${position.toString(16)}`
  const addresses = { Address: `${v4}.70/24`, AddressIPv6: ipv6 ? `${v6}::46/64` : '' }
  return {
    network,
    ids,
    createNetwork: {
      NetworkID,
      Options: { [LABEL.ENABLE_IPV6]: ipv6, [LABEL.GENERIC]: options.networkOptions },
      IPv4Data: [
        {
          AddressSpace: 'LocalDefault',
          AuxAddresses: { spare: `${v4}.5/24` },
          Gateway: `${v4}.1/24`,
          Pool: `${v4}.0/24`,
        },
      ],
      IPv6Data: ipv6 ? [{ AddressSpace: 'LocalDefault', Gateway: `${v6}::1/64`, Pool: `${v6}::/64` }] : [],
    },
    createEndpoint: {
      ...ids,
      Interface: { ...addresses, MacAddress: MAC },
      Options: { ...PORTS, [LABEL.MAC_ADDRESS]: Buffer.from(MAC.replaceAll(':', ''), 'hex').toString('base64') },
    },
    createDynamicEndpoint: { ...ids, Interface: { ...addresses, MacAddress: '' }, Options: PORTS },
    join: { ...ids, SandboxKey: options.sandboxKey, Options: PORTS },
    program: { ...ids, Options: PORTS },
    pools: [`${v4}.0/24`, ...(ipv6 ? [`${v6}::/64`] : [])],
  }
}

/** The host port is the driver's choice, so that none is in anybody's way. */
const PORTS = {
  [LABEL.EXPOSED_PORTS]: [
    { Proto: 6, Port: 80 },
    { Proto: 17, Port: 81 },
  ],
  [LABEL.PORT_MAP]: [{ Proto: 6, IP: '', Port: 80, HostIP: '', HostPort: 0, HostPortEnd: 0 }],
}

/** Has the network, and after the scenario the endpoint as well, taken away again. */
export function removeAfterwards(subject: Subject, { network, ids }: Conversation): void {
  subject.afterwards('NetworkDriver.DeleteNetwork', network)
  subject.afterwards('NetworkDriver.DeleteEndpoint', ids)
  subject.afterwards('NetworkDriver.Leave', ids)
}
