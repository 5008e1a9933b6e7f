import { describe, expect, test } from 'vitest'
import { buildTopology } from '../../src/model/topology.ts'
import { topologyDot } from '../../src/report/topo-dot.ts'
import { topologyMermaid } from '../../src/report/topo-mermaid.ts'
import { topologySvg } from '../../src/report/topo-svg.ts'
import { topologyTree } from '../../src/report/topo-tree.ts'
import { snapshotFixture } from '../helpers/snapshots.ts'

const HOST = buildTopology(snapshotFixture('docker-host'))
const HOSTILE = buildTopology(snapshotFixture('hostile'))

test('the tree sets ports below their bridge and names both ends of a cable', () => {
  expect(topologyTree(HOST).split('\n').slice(0, 13)).toEqual([
    'host (host)',
    '├─ lo 127.0.0.1/8',
    '├─ eth0 ether 192.168.1.10/24',
    '├─ docker0 bridge 172.17.0.1/16',
    '│  └─ vethc4c4 veth ⇄ cache:eth0',
    '├─ br-46cf bridge 172.19.0.1/16 fe80::42:5aff:fe44:5566/64',
    '│  ├─ veth1f2a veth ⇄ web:eth0',
    '│  └─ veth9c01 veth ⇄ db:eth0',
    '└─ vethgw01 veth ⇄ ingress_sbox:eth1',
    'web (docker)',
    '├─ lo 127.0.0.1/8',
    '└─ eth0 veth 172.19.0.3/16 ⇄ host:veth1f2a',
    'db (docker)',
  ])
})

test('the drawings have every namespace, link and line', () => {
  const edges = HOST.edges.length
  expect(topologyDot(HOST).match(/subgraph/g)).toHaveLength(HOST.nodes.length)
  expect(topologyDot(HOST).match(/ -- /g)).toHaveLength(edges)
  expect(topologyMermaid(HOST).match(/subgraph/g)).toHaveLength(HOST.nodes.length)
  expect(topologyMermaid(HOST).match(/---|===|-\.->?/g)).toHaveLength(edges)
  const between = HOST.edges.filter(
    ({ kind, from, to }) => kind === 'tunnel' || from.split(':')[0] !== to.split(':')[0],
  )
  expect(topologySvg(HOST).match(/<polyline/g)).toHaveLength(between.length)
  expect(topologySvg(HOST).match(/<rect/g)).toHaveLength(HOST.nodes.length + 1)
})

describe('hostile names', () => {
  /** What is left of a text without its correctly quoted strings. */
  const outsideQuotes = (text: string): string => text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '')

  test('stay inside the strings of a DOT file', () => {
    expect(outsideQuotes(topologyDot(HOSTILE))).toMatch(/^[\w\s{}[\]=,;-]*$/)
  })

  test('stay inside the strings of a Mermaid chart', () => {
    const rest = topologyMermaid(HOSTILE).replaceAll(/"[^"\n]*"/g, '')
    expect(rest).toMatch(/^[\w\s[\]().=>-]*$/)
    expect(topologyMermaid(HOSTILE)).not.toMatch(/<script|\$\(|`/)
  })

  test('are no markup in a picture', () => {
    const tags = topologySvg(HOSTILE).match(/<[^>]*>/g) ?? []
    const known = /^<\/?(svg|title|polyline|g|rect|text)( [\w-]+="[^"<>&]*")*\/?>$/
    expect(tags.filter((tag) => !known.test(tag.replace(' xmlns="http://www.w3.org/2000/svg"', '')))).toEqual([])
    expect(topologySvg(HOSTILE).replaceAll(/<[^>]*>/g, '')).not.toMatch(/[<>]|&(?!#\d+;)/)
  })

  test('show nothing invisible in any format', () => {
    for (const draw of [topologyTree, topologyDot, topologyMermaid, topologySvg]) {
      expect(draw(HOSTILE).replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\ufffd\u200b]/u)
    }
  })
})
