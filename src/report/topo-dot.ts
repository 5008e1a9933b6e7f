import type { Topology } from '../model/topology.ts'
import { sanitise } from './sanitise.ts'

const STYLES = { veth: 'solid', port: 'bold', parent: 'dashed', tunnel: 'dotted' } as const

/** A Graphviz graph: a cluster a namespace, a node a link. */
export function topologyDot({ hostname, nodes, edges }: Topology): string {
  const remote = [...new Set(edges.filter(({ kind }) => kind === 'tunnel').map(({ to }) => to))]
  return [
    `graph ${quote(hostname)} {`,
    '  node [shape=box, fontname="monospace"];',
    ...nodes.flatMap(({ inode, name, owner, links }) => [
      `  subgraph ${quote(`cluster_${inode}`)} {`,
      `    label=${quote(`${name} (${owner})`)};`,
      ...links.map(
        (link) => `    ${quote(link.id)} [label=${quote([link.name, link.kind, ...link.addresses].join('\n'))}];`,
      ),
      '  }',
    ]),
    ...remote.map((address) => `  ${quote(`vtep ${address}`)} [shape=ellipse, label=${quote(address)}];`),
    ...edges.map(({ kind, from, to }) => {
      const target = kind === 'tunnel' ? `vtep ${to}` : to
      return `  ${quote(from)} -- ${quote(target)} [style=${STYLES[kind]}, tooltip=${quote(kind)}];`
    }),
    '}',
    '',
  ].join('\n')
}

/** A DOT string: only `"` and `\` are special in it; a newline is written as `\n`. */
function quote(text: string): string {
  const lines = text.split('\n').map((line) => sanitise(line).replaceAll('\\', '\\\\').replaceAll('"', '\\"'))
  return `"${lines.join('\\n')}"`
}
