import type { LinkInfo } from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { list, number, object, oneOf, type Schema, text, yesNo } from '../../model/schema.ts'
import { isInside, parseCidr, parseIpNumber } from '../ipam/cidr.ts'
import type { JoinResult, NetworkConfig } from '../network-driver.ts'

/** Whose rules about parents, MACs and modes hold; they changed between these engines. */
export type DockerRules = '20.10' | '28'

/** A network whose containers share a link of the host. */
export interface ParentedNetwork {
  readonly id: string
  /** Name of the link in the host's namespace. */
  readonly parent: string
  /** The link is one that leads nowhere, made for this network. */
  readonly dummy: boolean
  readonly mode: string
  /** bridge, private, vepa; ipvlan only. */
  readonly flag?: string
  readonly internal: boolean
  /** Bytes; absent = the parent's. */
  readonly mtu?: number
  readonly subnets: readonly ParentedSubnet[]
}

export interface ParentedSubnet {
  /** CIDR. */
  readonly pool: string
  /** Plain address. */
  readonly gateway?: string
}

export interface ParentedEndpoint {
  readonly id: string
  readonly networkId: string
  /** CIDR. */
  readonly address?: string
  readonly addressIpv6?: string
  readonly mac?: string
  /** Where its link was made, if it was; whoever joined may have moved it since. */
  readonly madeIn?: 'host' | 'sandbox'
}

/** What tells macvlan and ipvlan apart. */
export interface ParentedKind {
  readonly name: 'macvlan' | 'ipvlan'
  /** Of links that lead nowhere: `dm-`, `di-`. */
  readonly dummyPrefix: string
  /** Mode and flag of the options. @throws TsnetError `usage` */
  readMode(options: Readonly<Record<string, string>>, rules: DockerRules): { mode: string; flag?: string }
  /** @throws TsnetError `usage` when the two may not use one parent */
  checkSharing(added: ParentedNetwork, present: ParentedNetwork, rules: DockerRules): void
  /** Whether each link has a MAC of its own. */
  readonly hasMac: boolean
  linkInfo(network: ParentedNetwork): LinkInfo
  /** Whether endpoints need no gateway, since everything is on link. */
  isOnLink(network: ParentedNetwork): boolean
}

const PARENT_OPTION = 'parent'
const MTU_OPTION = 'com.docker.network.driver.mtu'
const EVERYWHERE = '0.0.0.0/0'
const EVERYWHERE_IPV6 = '::/0'
const SHORT_ID_DIGITS = 12

/** What a driver is asked for. @throws TsnetError `usage`, in Docker's words */
export function parentedNetwork(kind: ParentedKind, rules: DockerRules, config: NetworkConfig): ParentedNetwork {
  const { id, options, internal, enableIpv4, ipv4, ipv6 } = config
  if (enableIpv4 && (ipv4.length === 0 || ipv4[0]?.pool === EVERYWHERE)) {
    throw new TsnetError('usage', `${kind.name} network: ipv4 pool is empty`)
  }
  const named = options[PARENT_OPTION] ?? ''
  const mtu = readMtu(options[MTU_OPTION])
  return {
    id,
    parent: named === '' ? `${kind.dummyPrefix}${id.slice(0, SHORT_ID_DIGITS)}` : named,
    dummy: named === '',
    ...kind.readMode(options, rules),
    internal,
    ...(mtu === undefined ? {} : { mtu }),
    subnets: [...ipv4, ...ipv6].map(({ pool, gateway }) => ({
      pool,
      ...(gateway === undefined ? {} : { gateway: gateway.replace(/\/.*/, '') }),
    })),
  }
}

/** What leads out of the network for an endpoint of it. */
export function waysOut(
  kind: ParentedKind,
  network: ParentedNetwork,
  endpoint: ParentedEndpoint,
): Omit<JoinResult, 'interfaceName'> {
  if (network.internal) return { routes: [], disableGatewayService: true }
  if (kind.isOnLink(network)) {
    const destinations = [
      ...(endpoint.address === undefined ? [] : [EVERYWHERE]),
      ...(endpoint.addressIpv6 === undefined ? [] : [EVERYWHERE_IPV6]),
    ]
    return { routes: destinations.map((destination) => ({ destination })), disableGatewayService: true }
  }
  const gateway = gatewayOf(network, endpoint.address)
  const gatewayIpv6 = gatewayOf(network, endpoint.addressIpv6)
  return {
    ...(gateway === undefined ? {} : { gateway }),
    ...(gatewayIpv6 === undefined ? {} : { gatewayIpv6 }),
    routes: [],
    disableGatewayService: false,
  }
}

/** The gateway of the subnet that the address is in. */
function gatewayOf({ subnets }: ParentedNetwork, cidr: string | undefined): string | undefined {
  if (cidr === undefined) return undefined
  const address = parseIpNumber(cidr.replace(/\/.*/, ''))
  return subnets.find(({ pool }) => isInside(parseCidr(pool), address))?.gateway
}

function readMtu(value: string | undefined): number | undefined {
  if (value === undefined || value === '' || value === '0') return undefined
  if (/^\d{1,5}$/.test(value)) return Number(value)
  throw new TsnetError('usage', `option ${MTU_OPTION}=${value}: not a number of bytes`)
}

export const STORED_NETWORK: Schema<ParentedNetwork> = object<ParentedNetwork>(
  {
    id: text,
    parent: text,
    dummy: yesNo,
    mode: text,
    internal: yesNo,
    subnets: list(object<ParentedSubnet>({ pool: text }, { gateway: text })),
  },
  { flag: text, mtu: number },
)

export const STORED_ENDPOINT: Schema<ParentedEndpoint> = object<ParentedEndpoint>(
  { id: text, networkId: text },
  { address: text, addressIpv6: text, mac: text, madeIn: oneOf('host', 'sandbox') },
)
