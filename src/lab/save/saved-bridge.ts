import { formatCidr } from '../../driver/ipam/cidr.ts'
import type { HostSnapshot, Namespace } from '../../model/snapshot.ts'
import { readSubnetAddress } from '../check-file/ip.ts'
import type { NetworkEntry } from '../file/lab-file.ts'

export interface BridgeNetwork {
  readonly name: string
  readonly entry: NetworkEntry
  readonly isDefault: boolean
}

/** As the engine knows it; a bridge of nobody's by its own address. */
export function bridgeNetwork(host: Namespace, bridge: string, { networks }: HostSnapshot): BridgeNetwork | undefined {
  const link = host.links.find(({ name }) => name === bridge)
  const own = host.addresses.find(
    ({ link: index, address }) => index === link?.index && !address.includes(':'),
  )?.address
  const read = own === undefined ? undefined : readSubnetAddress(own)
  if (own === undefined || read === undefined) return undefined
  const engine = host.owner.kind === 'host' ? networks.find((network) => network.bridge === bridge) : undefined
  const isDefault = engine?.options['com.docker.network.bridge.default_bridge'] === 'true' || bridge === 'docker0'
  const options = {
    ...(isApart(host, bridge) ? { 'com.docker.network.bridge.enable_icc': 'false' } : {}),
    ...(isDefault ? {} : { ...engine?.options, 'com.docker.network.bridge.name': bridge }),
  }
  const entry: NetworkEntry = {
    ...(isDefault ? {} : { driver: 'bridge' as const }),
    subnet: formatCidr(read.subnet),
    gateway: own.split('/')[0] ?? '',
    ...(engine?.internal === true || isInternal(host, bridge) ? { internal: true } : {}),
    ...(isDefault && !isApart(host, bridge) ? {} : { options }),
  }
  return { name: isDefault ? 'bridge' : (engine?.name ?? bridge), entry, isDefault }
}

/** Docker drops what would leave an internal network by an address that is not of it. */
function isInternal({ firewall }: Namespace, bridge: string): boolean {
  return firewall.some(
    ({ target, text }) => target === 'DROP' && / ! ?-d |^! -d /.test(` ${text}`) && hasInput(text, bridge),
  )
}

/** Containers of the bridge may not talk to each other. */
function isApart({ firewall }: Namespace, bridge: string): boolean {
  return firewall.some(
    ({ target, text }) =>
      target === 'DROP' && hasInput(text, bridge) && text.includes(`-o ${bridge} `) && !text.includes('! -'),
  )
}

function hasInput(text: string, bridge: string): boolean {
  return ` ${text}`.includes(` -i ${bridge} `) && !text.includes(`! -i ${bridge}`)
}
