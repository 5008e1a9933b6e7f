import { describe, expect, test } from 'vitest'
import { buildTopology, type Topology } from '../../src/model/topology.ts'
import { collapseTopology } from '../../src/model/topology-collapse.ts'
import { makeLink, makeNamespace, makeSnapshot } from '../helpers/model.ts'
import { namespaceNamed, snapshotFixture } from '../helpers/snapshots.ts'

const HOST = snapshotFixture('docker-host')

/** Edges with names for ids: `veth web:eth0 – host:veth1f2a`. */
function edgesByName({ nodes, edges }: Topology): string[] {
  const names = new Map(nodes.flatMap((node) => node.links.map((link) => [link.id, `${node.name}:${link.name}`])))
  return edges.map(({ kind, from, to }) => `${kind} ${names.get(from)} – ${names.get(to) ?? to}`).sort()
}

describe('the topology of a Docker host', () => {
  test('has every cable once, every port, and the tunnels to other hosts', () => {
    expect(edgesByName(buildTopology(HOST))).toEqual([
      'port 1-oq89pwce4:veth0 – 1-oq89pwce4:br0',
      'port 1-oq89pwce4:vxlan0 – 1-oq89pwce4:br0',
      'port host:veth1f2a – host:br-46cf',
      'port host:veth9c01 – host:br-46cf',
      'port host:vethc4c4 – host:docker0',
      'tunnel 1-oq89pwce4:vxlan0 – 192.168.1.11',
      'veth 1-oq89pwce4:veth0 – ingress_sbox:eth0',
      'veth host:veth1f2a – web:eth0',
      'veth host:veth9c01 – db:eth0',
      'veth host:vethc4c4 – cache:eth0',
      'veth host:vethgw01 – ingress_sbox:eth1',
    ])
  })

  test('of some namespaces leaves out what leads to the others', () => {
    const some = [namespaceNamed(HOST, 'web'), namespaceNamed(HOST, 'host')]
    expect(edgesByName(buildTopology(HOST, some)).filter((edge) => edge.startsWith('veth'))).toEqual([
      'veth host:veth1f2a – web:eth0',
    ])
  })
})

describe('a large host', () => {
  const containers = Array.from({ length: 100 }, (_, position) =>
    makeNamespace(`c${position}`, {
      inode: 100 + position,
      owner: { kind: 'docker', name: `c${position}` },
      links: [makeLink(2, 'eth0', { peer: { namespace: 1, index: 10 + position } })],
    }),
  )
  const host = makeNamespace('host', {
    inode: 1,
    owner: { kind: 'host', name: 'host' },
    links: [
      makeLink(2, 'br0', { kind: 'bridge' }),
      ...containers.map(({ inode }, position) =>
        makeLink(10 + position, `veth${position}`, { master: 2, peer: { namespace: inode, index: 2 } }),
      ),
    ],
  })
  const topology = buildTopology(makeSnapshot([host, ...containers]))

  test('is drawn by owner: one box and one line instead of a hundred', () => {
    const drawn = collapseTopology(topology)
    expect(drawn.nodes.map(({ name, links }) => `${name}: ${links.map((link) => link.name)}`)).toEqual([
      'host: br0',
      'docker: 100 namespaces',
    ])
    expect(edgesByName(drawn)).toEqual(['veth host:br0 – docker:100 namespaces'])
  })

  test('is left as it is where there is room', () => {
    expect(collapseTopology(topology, 200)).toBe(topology)
  })
})
