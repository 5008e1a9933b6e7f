import type { Topology, TopologyEdge, TopologyLink, TopologyNode } from '../model/topology.ts'
import { groupBy } from '../model/wiring.ts'
import { sanitise } from './sanitise.ts'

const MARKS = { veth: '⇄', port: '▸', parent: '↧', tunnel: '⇢' } as const

interface Wires {
  readonly places: ReadonlyMap<string, { readonly node: TopologyNode; readonly link: TopologyLink }>
  readonly from: ReadonlyMap<string, readonly TopologyEdge[]>
  readonly to: ReadonlyMap<string, readonly TopologyEdge[]>
}

/**
 * Each namespace with its links below it and what each is connected to; a bridge's ports stand below the bridge.
 * ```
 * host (host)
 * ├─ eth0 ether 192.168.1.10/24
 * └─ br-46cf bridge 172.19.0.1/16
 *    └─ veth1f2a veth ⇄ web:eth0
 * ```
 */
export function topologyTree({ nodes, edges }: Topology): string {
  const wires: Wires = {
    places: new Map(nodes.flatMap((node) => node.links.map((link) => [link.id, { node, link }] as const))),
    from: groupBy(edges, ({ from }) => from),
    to: groupBy(edges, ({ to }) => to),
  }
  return nodes
    .map((node) => `${[sanitise(`${node.name} (${node.owner})`), ...linesOf(node, wires)].join('\n')}\n`)
    .join('')
}

function linesOf(node: TopologyNode, wires: Wires): string[] {
  const masterOf = ({ id }: TopologyLink): string | undefined =>
    wires.from.get(id)?.find(({ kind }) => kind === 'port')?.to
  const children = groupBy(node.links, masterOf)
  const lines: string[] = []
  const draw = (links: readonly TopologyLink[], indent: string): void => {
    for (const [position, link] of links.entries()) {
      const last = position === links.length - 1
      lines.push(`${indent}${last ? '└─' : '├─'} ${lineOf(link, node, wires)}`)
      draw(children.get(link.id) ?? [], `${indent}${last ? '  ' : '│ '} `)
    }
  }
  draw(children.get(undefined) ?? [], '')
  return lines
}

function lineOf(link: TopologyLink, node: TopologyNode, wires: Wires): string {
  const name = (id: string): string => {
    const other = wires.places.get(id)
    if (other === undefined) return id
    return other.node === node ? other.link.name : `${other.node.name}:${other.link.name}`
  }
  const leaving = (wires.from.get(link.id) ?? []).filter(({ kind }) => kind !== 'port')
  const arriving = (wires.to.get(link.id) ?? []).filter(({ kind }) => kind === 'veth')
  const words = [
    link.name,
    link.kind === 'loopback' ? '' : link.kind,
    link.up ? '' : 'down',
    ...link.addresses,
    ...leaving.map(({ kind, to }) => `${MARKS[kind]} ${name(to)}`),
    ...arriving.map(({ kind, from }) => `${MARKS[kind]} ${name(from)}`),
  ]
  return sanitise(words.filter((word) => word !== '').join(' '))
}
