import { describe, expect, test } from 'vitest'
import {
  labelNamespace,
  labelSnapshot,
  recogniseChain,
  recogniseLink,
  recogniseNetwork,
} from '../../src/model/drivers.ts'
import type { FirewallChain, Link, Namespace, Network } from '../../src/model/snapshot.ts'
import { makeLink, makeNamespace, makeSnapshot } from '../helpers/model.ts'

let index = 0
function link(name: string, kind: string, more: Partial<Link> = {}): Link {
  return makeLink(++index, name, { kind, ...more })
}

function chain(name: string, table = 'filter'): FirewallChain {
  return { backend: 'nft', family: 'ip', table, chain: name }
}

function namespace(more: Partial<Namespace>): Namespace {
  return makeNamespace('host', more)
}

describe('a link', () => {
  test.each([
    ['cali0123456789a', 'veth', 'calico'],
    ['vxlan.calico', 'vxlan', 'calico'],
    ['wireguard.cali', 'wireguard', 'calico'],
    ['weave', 'bridge', 'weave'],
    ['vethwe-bridge', 'veth', 'weave'],
    ['vethwepl12ab34f', 'veth', 'weave'],
    ['datapath', 'openvswitch', 'weave'],
    ['vxlan-6784', 'vxlan', 'weave'],
    ['flannel.1', 'vxlan', 'flannel'],
    ['flannel-v6.1', 'vxlan', 'flannel'],
    ['cni0', 'bridge', 'cni'],
    ['cilium_host', 'veth', 'cilium'],
    ['lxc0a1b2c3d4e5f', 'veth', 'cilium'],
    ['t_c01234567-89', 'veth', 'kuryr'],
    ['contivh0', 'openvswitch', 'contiv'],
    ['vvport3', 'veth', 'contiv'],
    ['kube-ipvs0', 'dummy', 'kube-proxy'],
    ['antrea-gw0', 'openvswitch', 'antrea'],
    ['ovn-k8s-mp0', 'openvswitch', 'ovn-kubernetes'],
    ['ovs-system', 'openvswitch', 'openvswitch'],
    ['br-int', 'openvswitch', 'openvswitch'],
    ['genev_sys_6081', 'geneve', 'openvswitch'],
    ['qbr01234567-89', 'bridge', 'neutron'],
    ['podman0', 'bridge', 'podman'],
    ['docker0', 'bridge', 'docker'],
    ['br-0123456789ab', 'bridge', 'docker'],
    ['docker_gwbridge', 'bridge', 'docker'],
    ['ov-001001-abcde', 'bridge', 'docker'],
    ['vx-001001-abcde', 'vxlan', 'docker'],
    ['virbr0', 'bridge', 'libvirt'],
    ['lxdbr0', 'bridge', 'lxd'],
    ['incusbr0', 'bridge', 'incus'],
    ['tailscale0', 'tun', 'tailscale'],
    ['nebula1', 'tun', 'nebula'],
  ])('%s (%s) is made by %s', (name, kind, driver) => {
    expect(recogniseLink({ name, kind })).toBe(driver)
  })

  test.each([
    ['eth0', 'veth'],
    ['veth0123456', 'veth'],
    ['br0', 'bridge'],
    ['br-lan', 'bridge'],
    ['br-0123456789ab', 'veth'],
    ['weave', 'dummy'],
    ['calendar', 'veth'],
    ['tunl0', 'ipip'],
    ['tap01234567-89', 'tun'],
    ['tap01234567-89', 'veth'],
    ['vport1', 'veth'],
    ['lxcbr0', 'bridge'],
    ['wg0', 'wireguard'],
    ['datapath', 'dummy'],
    ['docker0', 'dummy'],
  ])('%s (%s) may be anybody’s', (name, kind) => {
    expect(recogniseLink({ name, kind })).toBeUndefined()
  })
})

describe('a chain', () => {
  test.each([
    ['cali-FORWARD', 'filter', 'calico'],
    ['WEAVE', 'nat', 'weave'],
    ['WEAVE-NPC-DEFAULT', 'filter', 'weave'],
    ['FLANNEL-FWD', 'filter', 'flannel'],
    ['CILIUM_FORWARD', 'filter', 'cilium'],
    ['OLD_CILIUM_INPUT', 'filter', 'cilium'],
    ['KUBE-SERVICES', 'nat', 'kube-proxy'],
    ['KUBE-SVC-NPX46M4PTMTKRN6Y', 'nat', 'kube-proxy'],
    ['KUBE-LOAD-BALANCER', 'nat', 'kube-proxy'],
    ['KUBE-FIREWALL', 'filter', 'kubelet'],
    ['KUBE-ROUTER-INPUT', 'filter', 'kube-router'],
    ['services', 'kube-proxy', 'kube-proxy'],
    ['postrtg', 'flannel-ipv4', 'flannel'],
    ['ANTREA-FORWARD', 'filter', 'antrea'],
    ['OVN-KUBE-NODEPORT', 'nat', 'ovn-kubernetes'],
    ['NETAVARK_FORWARD', 'filter', 'podman'],
    ['NETAVARK-1D8721804F16F', 'nat', 'podman'],
    ['INPUT', 'netavark', 'podman'],
    ['DOCKER', 'nat', 'docker'],
    ['DOCKER-ISOLATION-STAGE-1', 'filter', 'docker'],
    ['DOCKER_OUTPUT', 'nat', 'docker'],
    ['filter-FORWARD', 'docker-bridges', 'docker'],
    ['CNI-HOSTPORT-DNAT', 'nat', 'cni'],
    ['LIBVIRT_FWO', 'filter', 'libvirt'],
    ['filter_INPUT', 'firewalld', 'firewalld'],
    ['INPUT_ZONES', 'filter', 'firewalld'],
    ['ufw-before-input', 'filter', 'ufw'],
    ['ts-forward', 'filter', 'tailscale'],
    ['premangle', 'wg-quick-wg0', 'wg-quick'],
  ])('%s of table %s is made by %s', (name, table, driver) => {
    expect(recogniseChain(chain(name, table))).toBe(driver)
  })

  test.each([
    ['INPUT', 'filter'],
    ['PREROUTING', 'nat'],
    ['calico', 'filter'],
    ['DOCKERS', 'filter'],
    ['input', 'my-docker-bridges'],
  ])('%s of table %s may be anybody’s', (name, table) => {
    expect(recogniseChain(chain(name, table))).toBeUndefined()
  })

  test('of a legacy table is not known by the name of its table', () => {
    expect(recogniseChain({ ...chain('x', 'netavark'), backend: 'legacy' })).toBeUndefined()
  })
})

describe('a network of an engine', () => {
  test.each([
    ['weavemesh', 'weavemesh', 'weave'],
    ['weaveworks/net-plugin:latest_release', 'default', 'weave'],
    ['contiv/v2plugin:latest', 'contiv/v2plugin:latest', 'contiv'],
    ['kuryr', 'kuryr', 'kuryr'],
    ['calico', 'calico-ipam', 'calico'],
    ['bridge', 'infoblox:latest', 'infoblox'],
    ['bridge', 'default', undefined],
    ['overlay', 'default', undefined],
  ])('of driver %s with addresses from %s is %s’s', (driver, ipamDriver, expected) => {
    expect(recogniseNetwork({ driver, ipamDriver })).toBe(expected)
  })
})

describe('a name that the kernel or others use too', () => {
  const labels = ({ links }: Namespace) => Object.fromEntries(links.map(({ name, madeBy }) => [name, madeBy]))

  test('counts beside something else of the driver', () => {
    const tunnel = link('tunl0', 'ipip')
    expect(labels(labelNamespace(namespace({ links: [tunnel] })))).toEqual({ tunl0: undefined })
    expect(labels(labelNamespace(namespace({ links: [tunnel], chains: [chain('cali-INPUT')] })))).toEqual({
      tunl0: 'calico',
    })
    const bridge = link('cni0', 'bridge')
    expect(labels(labelNamespace(namespace({ links: [bridge] })))).toEqual({ cni0: 'cni' })
    expect(labels(labelNamespace(namespace({ links: [bridge, link('flannel.1', 'vxlan')] })))).toEqual({
      cni0: 'flannel',
      'flannel.1': 'flannel',
    })
  })

  test('counts when an engine has a network of that driver', () => {
    const tap = link('tap01234567-89', 'veth')
    const network: Network = {
      engine: 'docker',
      id: 'n',
      name: 'n',
      driver: 'kuryr',
      scope: 'local',
      internal: false,
      ipv6: false,
      subnets: [],
      ipamDriver: 'kuryr',
      options: {},
      labels: {},
    }
    const snapshot = makeSnapshot([namespace({ links: [tap] })], { networks: [network] })
    const labelled = labelSnapshot(snapshot)
    expect(labelled.networks[0]?.madeBy).toBe('kuryr')
    expect(labelled.namespaces[0]?.links[0]?.madeBy).toBe('kuryr')
  })

  test('a veth with the name that Docker gives is Docker’s when it is a port of its bridge', () => {
    const bridge = link('docker0', 'bridge')
    const port = link('veth0123abc', 'veth', { master: bridge.index })
    const stray = link('veth4567def', 'veth')
    const given = namespace({ links: [bridge, port, stray] })
    expect(labels(labelNamespace(given))).toEqual({ docker0: 'docker', veth0123abc: 'docker', veth4567def: undefined })
    expect(given.links.every(({ madeBy }) => madeBy === undefined)).toBe(true)
  })
})

test('a namespace is known by the name that a runtime gave it', () => {
  const names = ['/run/netns/cni-0a1b2c3d-0000-1111-2222-333344445555']
  expect(labelNamespace(namespace({ names })).owner.driver).toBe('cni')
  expect(labelNamespace(namespace({ names: ['qrouter-0a1b2c3d-0000'] })).owner.driver).toBe('neutron')
  expect(labelNamespace(namespace({ names: ['blue'] })).owner.driver).toBeUndefined()
})
