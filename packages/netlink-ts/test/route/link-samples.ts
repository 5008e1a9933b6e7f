import { encodeMessage } from '../../src/message.ts'
import type { LinkInfo } from '../../src/route/link-kinds/registry.ts'
import { createLink } from '../../src/route/link-request.ts'
import { RTM } from '../../src/route/rtnetlink.ts'

/** Data of link kinds that the kernel of the fixtures lacks. */
export const LINK_SAMPLES: readonly LinkInfo[] = [
  { kind: 'vlan', id: 5, protocol: 0x8100, flags: ['REORDER_HDR', 'GVRP'] },
  { kind: 'ipvlan', mode: 'l3s', flags: ['private'] },
  { kind: 'ipvtap', mode: 'l2', flags: [] },
  { kind: 'macvlan', mode: 'source', flags: ['nopromisc'], broadcastQueueLength: 500 },
  { kind: 'bond', mode: '802.3ad', miimonMs: 100, hashPolicy: 'layer3+4', lacpRate: 'fast', minLinks: 2 },
  { kind: 'vrf', table: 100 },
  { kind: 'geneve', vni: 42, remote: '10.0.0.9', port: 6081, ttl: 3, collectMetadata: true },
  { kind: 'gre', local: '10.0.0.1', remote: '10.0.0.2', inputKey: 5, outputKey: 6, inputFlags: 0x2000, ttl: 64 },
  { kind: 'ip6gretap', local: 'fd00::1', remote: 'fd00::2', encapLimit: 4, flowInfo: 0x12345 },
  { kind: 'ipip', local: '10.0.0.1', remote: '10.0.0.2', ttl: 9, pathMtuDiscovery: true },
  { kind: 'sit', local: '10.0.0.1', protocol: 41, encapType: 1, encapDestinationPort: 5555 },
  { kind: 'ip6tnl', local: 'fd00::1', remote: 'fd00::2', flags: 3, encapLimit: 4 },
  { kind: 'vti', inputKey: 7, outputKey: 8, local: '10.0.0.1', fwmark: 0xff },
  { kind: 'xfrm', link: 3, interfaceId: 9 },
  { kind: 'netkit', primary: true, mode: 'l3', policy: 'pass', peerPolicy: 'drop' },
  { kind: 'tun', type: 'tap', owner: 1000, persist: true, queues: 4 },
  { kind: 'vxlan', vni: 9, remote6: 'ff05::1', sourcePorts: [1000, 2000], label: 77, gbp: true, port: 4789 },
  { kind: 'bridge', bridgeId: '8000.02424c0fbd2f', vlanProtocol: 0x88a8, multicastQueryIntervalMs: 12_340 },
]

/** A message with each of them. */
export function linkSampleMessages(): Uint8Array[] {
  return LINK_SAMPLES.map((info) => {
    const { fill } = createLink({ kind: info.kind, name: 'sample', mtu: 1500, info })
    return encodeMessage(RTM.NEWLINK, 0, { fill })
  })
}
