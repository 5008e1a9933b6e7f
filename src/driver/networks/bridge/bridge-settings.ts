import { TsnetError } from '../../../errors.ts'
import { list, number, object, oneOf, type Schema, text, yesNo } from '../../../model/schema.ts'
import type { GatewayMode } from '../../firewall/firewall.ts'
import { formatCidr, isInside, parseCidr, parseIpNumber } from '../../ipam/cidr.ts'
import type { IpamData, NetworkConfig } from '../../network-driver.ts'
import { canonicalAddress, canonicalCidr } from './canonical-address.ts'

/** What a bridge network is, of the options that its user gave. */
export interface BridgeSettings {
  /** Name of the link. */
  readonly bridge: string
  /** The user chose the name: a bridge that exists is used, and stays. */
  readonly named: boolean
  /** Of the containers' links, bytes; absent = 1500. */
  readonly mtu?: number
  readonly icc: boolean
  readonly masquerade: boolean
  readonly internal: boolean
  /** The bridge gets no IPv4 address. */
  readonly inhibitIpv4: boolean
  /** Links in the container are called so, and numbered. */
  readonly containerPrefix: string
  /** Ports are published on this address when their user named none. */
  readonly hostBinding: string
  readonly trustedInterfaces: readonly string[]
  readonly ipv4?: FamilySettings
  readonly ipv6?: FamilySettings
}

export interface FamilySettings {
  /** CIDR. */
  readonly subnet: string
  /** CIDR. */
  readonly bridgeAddress?: string
  /** Of the containers, plain. */
  readonly gateway?: string
  readonly mode: GatewayMode
  readonly snatTo?: string
}

const OPTION = {
  NAME: 'com.docker.network.bridge.name',
  ICC: 'com.docker.network.bridge.enable_icc',
  MASQUERADE: 'com.docker.network.bridge.enable_ip_masquerade',
  HOST_BINDING: 'com.docker.network.bridge.host_binding_ipv4',
  INHIBIT_IPV4: 'com.docker.network.bridge.inhibit_ipv4',
  MTU: 'com.docker.network.driver.mtu',
  CONTAINER_PREFIX: 'com.docker.network.container_iface_prefix',
  HOST_IPV4: 'com.docker.network.host_ipv4',
  HOST_IPV6: 'com.docker.network.host_ipv6',
  MODE_IPV4: 'com.docker.network.bridge.gateway_mode_ipv4',
  MODE_IPV6: 'com.docker.network.bridge.gateway_mode_ipv6',
  TRUSTED: 'com.docker.network.bridge.trusted_host_interfaces',
} as const

const MODES = ['nat', 'nat-unprotected', 'routed', 'isolated'] as const
/** IFNAMSIZ − 1, and what neither a path nor a line of a tool's input may contain. A `+` would be a wildcard. */
const LINK_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/

/** The name of a network's bridge when its user chose none. */
export function defaultBridgeName(networkId: string): string {
  return `br-${networkId.slice(0, 12)}`
}

/** @throws TsnetError `usage` for options that cannot be */
export function bridgeSettings(config: NetworkConfig): BridgeSettings {
  const { options, internal } = config
  const name = options[OPTION.NAME]
  const settings: BridgeSettings = {
    bridge: linkName(OPTION.NAME, name ?? defaultBridgeName(config.id)),
    named: name !== undefined,
    icc: flag(options, OPTION.ICC, true),
    masquerade: flag(options, OPTION.MASQUERADE, true),
    internal,
    inhibitIpv4: flag(options, OPTION.INHIBIT_IPV4, false),
    containerPrefix: linkName(OPTION.CONTAINER_PREFIX, options[OPTION.CONTAINER_PREFIX] ?? 'eth'),
    hostBinding: address(options, OPTION.HOST_BINDING, 4) ?? '0.0.0.0',
    trustedInterfaces: trusted(options[OPTION.TRUSTED]),
    ...mtuOf(options[OPTION.MTU]),
    ...(config.enableIpv4 ? { ipv4: family(config, 4) } : {}),
    ...(config.enableIpv6 ? { ipv6: family(config, 6) } : {}),
  }
  if (!settings.ipv4 && !settings.ipv6) throw wrong('neither IPv4 nor IPv6 is enabled')
  return settings
}

function family(config: NetworkConfig, version: 4 | 6): FamilySettings {
  const [data, ...more] = version === 4 ? config.ipv4 : config.ipv6
  if (more.length > 0) throw wrong("bridge driver doesn't support multiple subnets")
  if (data === undefined) throw wrong(`ipv${version} pool is empty`)
  const mode = gatewayMode(config, version === 4 ? OPTION.MODE_IPV4 : OPTION.MODE_IPV6)
  const subnet = parseCidr(data.pool)
  if (subnet.family !== version) throw wrong(`${data.pool} is not an IPv${version} pool`)
  const snatTo = address(config.options, version === 4 ? OPTION.HOST_IPV4 : OPTION.HOST_IPV6, version)
  return {
    subnet: formatCidr(subnet),
    mode,
    ...gateways(data, version, mode),
    ...(snatTo === undefined ? {} : { snatTo }),
  }
}

function gateways(
  data: IpamData,
  version: 4 | 6,
  mode: GatewayMode,
): Pick<FamilySettings, 'bridgeAddress' | 'gateway'> {
  // an isolated network's host has no address in it
  if (data.gateway === undefined || mode === 'isolated') return {}
  const [ofBridge = ''] = data.gateway.split('/')
  const other = data.auxAddresses[version === 4 ? 'DefaultGatewayIPv4' : 'DefaultGatewayIPv6']
  const gateway = other?.split('/')[0] ?? ofBridge
  if (!isInside(parseCidr(data.pool), parseIpNumber(gateway))) throw wrong(`gateway ${gateway} is not in ${data.pool}`)
  return { bridgeAddress: canonicalCidr(data.gateway), gateway: canonicalAddress(gateway) }
}

function gatewayMode({ options, internal }: NetworkConfig, option: string): GatewayMode {
  const value = options[option]
  if (value === undefined || value === '') return 'nat'
  const mode = MODES.find((one) => one === value)
  if (mode === undefined) throw wrong(`${option}: ${value} is none of ${MODES.join(', ')}`)
  if (mode === 'isolated' && !internal) throw wrong(`${option}: isolated is for internal networks`)
  return mode
}

function flag(options: NetworkConfig['options'], option: string, otherwise: boolean): boolean {
  const value = options[option]
  if (value === undefined) return otherwise
  // strconv.ParseBool of Go
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false
  throw wrong(`${option}: ${JSON.stringify(value)} is neither true nor false`)
}

function address(options: NetworkConfig['options'], option: string, version: 4 | 6): string | undefined {
  const value = options[option]
  if (value === undefined || value === '') return undefined
  if (parseIpNumber(value).family !== version) throw wrong(`${option}: ${value} is not an IPv${version} address`)
  return canonicalAddress(value)
}

function mtuOf(value: string | undefined): { mtu?: number } {
  if (value === undefined || value === '0') return {}
  const mtu = Number(value)
  if (!/^\d{1,5}$/.test(value) || mtu < 68 || mtu > 65_535) throw wrong(`${OPTION.MTU}: ${value} cannot be`)
  return { mtu }
}

function trusted(value: string | undefined): string[] {
  return (value ?? '')
    .split(':')
    .filter((name) => name !== '')
    .map((name) => linkName(OPTION.TRUSTED, name))
}

function linkName(option: string, name: string): string {
  if (LINK_NAME.test(name)) return name
  throw wrong(`${option}: ${JSON.stringify(name)} cannot be the name of a link`)
}

function wrong(what: string): TsnetError {
  return new TsnetError('usage', `bridge network: ${what}`)
}

const FAMILY_SCHEMA: Schema<FamilySettings> = object<FamilySettings>(
  { subnet: text, mode: oneOf(...MODES) },
  { bridgeAddress: text, gateway: text, snatTo: text },
)

export const SETTINGS_SCHEMA: Schema<BridgeSettings> = object<BridgeSettings>(
  {
    bridge: text,
    named: yesNo,
    icc: yesNo,
    masquerade: yesNo,
    internal: yesNo,
    inhibitIpv4: yesNo,
    containerPrefix: text,
    hostBinding: text,
    trustedInterfaces: list(text),
  },
  { mtu: number, ipv4: FAMILY_SCHEMA, ipv6: FAMILY_SCHEMA },
)
