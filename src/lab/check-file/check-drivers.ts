import { bridgeSettings } from '../../driver/networks/bridge/bridge-settings.ts'
import { overlayNetwork, VNI_OPTION } from '../../driver/networks/overlay/overlay-network.ts'
import { messageOf } from '../../errors.ts'
import type { Complaints } from '../../model/file/problem.ts'
import { didYouMean } from '../../model/nearest.ts'
import { PARENT_OPTION, splitParent } from '../topology/macvlan-parent.ts'
import type { NodeInterfaces } from '../topology/node-interfaces.ts'
import type { LabTopology, NetworkSpec } from '../topology/topology.ts'
import { underlayProblems } from '../topology/underlay.ts'
import { interfaceProblem, type WrittenNames } from './written-names.ts'

const MODES: Readonly<Record<string, readonly string[]>> = {
  macvlan_mode: ['bridge', 'private', 'vepa', 'passthru'],
  ipvlan_mode: ['l2', 'l3', 'l3s'],
  ipvlan_flag: ['bridge', 'private', 'vepa'],
}
const MODE_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  macvlan: ['macvlan_mode'],
  ipvlan: ['ipvlan_mode', 'ipvlan_flag'],
}
/** Options that their driver would refuse, and parents that are not there. */
export function checkDrivers(topology: LabTopology, { interfaces }: WrittenNames, complaints: Complaints): void {
  for (const network of topology.networks) {
    checkOptions(network, complaints)
    if (network.driver === 'overlay') checkOverlay(topology, network, complaints)
    if (network.driver !== 'macvlan' && network.driver !== 'ipvlan') continue
    for (const host of network.hosts) {
      const own = interfaces.get(host)
      if (own !== undefined) checkParent(network, { host, own, complaints })
    }
  }
}

function checkOptions({ at, driver, options, internal }: NetworkSpec, complaints: Complaints): void {
  for (const key of MODE_OPTIONS[driver] ?? []) {
    const allowed = MODES[key] ?? []
    const value = options[key]
    if (value !== undefined && !allowed.includes(value)) {
      complaints.error(
        [...at, 'options', key],
        `no such mode: ${value}${didYouMean(value, allowed)}; there are ${allowed.join(', ')}`,
      )
    }
  }
  const refusal = driver === 'bridge' ? bridgeRefusal({ options, internal }) : undefined
  if (refusal === undefined) return
  const key = Object.keys(options).find((option) => refusal.startsWith(`${option}: `))
  const path = key === undefined ? at : [...at, 'options', key]
  // too long a name is told where names are checked
  if (!complaints.list.some((complaint) => String(complaint.path) === String(path))) complaints.error(path, refusal)
}

function checkOverlay(topology: LabTopology, network: NetworkSpec, complaints: Complaints): void {
  const { at, options, ipv6, pools } = network
  if (ipv6) complaints.error([...at, 'ipv6'], 'an overlay network has no IPv6')
  const refusal = overlayRefusal(options, Math.max(1, pools.length))
  if (refusal !== undefined) complaints.error([...at, 'options'], refusal)
  for (const problem of underlayProblems(topology, network)) complaints.error(at, problem)
}

/** What the driver itself says to them; without ids of its own a network gets some. */
function overlayRefusal(options: Readonly<Record<string, string>>, subnets: number): string | undefined {
  const vnis = Array.from({ length: subnets }, (_, position) => position + 1).join(',')
  const pool = { ...NO_POOL, pool: '10.0.0.0/8', gateway: '10.0.0.1/8' }
  const ipv4 = Array.from({ length: subnets }, () => pool)
  const families = { internal: false, enableIpv4: true, enableIpv6: false, ipv6: [] }
  try {
    overlayNetwork({ id: 'x', options: { [VNI_OPTION]: vnis, ...options }, ipv4, ...families })
    return undefined
  } catch (error) {
    return messageOf(error).replace(/^overlay network: /, '')
  }
}

const NO_POOL = { addressSpace: '', auxAddresses: {} }

/** What the driver itself says to the options of a network. */
function bridgeRefusal({ options, internal }: Pick<NetworkSpec, 'options' | 'internal'>): string | undefined {
  const families = { enableIpv4: true, enableIpv6: true }
  const pools = { ipv4: [{ ...NO_POOL, pool: '10.0.0.0/8' }], ipv6: [{ ...NO_POOL, pool: 'fd00::/8' }] }
  try {
    bridgeSettings({ id: '0'.repeat(64), options, internal, ...families, ...pools })
    return undefined
  } catch (error) {
    return messageOf(error).replace(/^bridge network: /, '')
  }
}

interface Checking {
  readonly host: string
  readonly own: NodeInterfaces
  readonly complaints: Complaints
}

function checkParent({ at, options }: NetworkSpec, { host, own, complaints }: Checking): void {
  const parent = options[PARENT_OPTION]
  const problem = parent === undefined ? undefined : parentProblem(parent, host, own)
  if (problem !== undefined) complaints.error([...at, 'options', PARENT_OPTION], problem)
}

function parentProblem(parent: string, host: string, { attachments, ends }: NodeInterfaces): string | undefined {
  const { base, vlan } = splitParent(parent)
  if (base === 'lo') return 'lo cannot be the parent of a network'
  const known = [...attachments, ...ends.map(({ end }) => end)].map((each) => each.interface)
  const impossible = interfaceProblem(parent) ?? vlanProblem(vlan)
  if (impossible !== undefined || known.includes(base)) return impossible
  return `${host} has no interface ${base}${didYouMean(base, known)}`
}

function vlanProblem(vlan: string | undefined): string | undefined {
  if (vlan === undefined || (/^[0-9]{1,4}$/.test(vlan) && Number(vlan) >= 1 && Number(vlan) <= 4094)) return undefined
  return `a VLAN id is from 1 to 4094, not ${vlan}`
}
