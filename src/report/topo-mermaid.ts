import type { Topology } from '../model/topology.ts'
import { sanitise } from './sanitise.ts'

const LINES = { veth: '---', port: '===', parent: '-.-', tunnel: '-.->' } as const

/** A Mermaid flowchart: a subgraph a namespace. */
export function topologyMermaid({ nodes, edges }: Topology): string {
  return [
    'flowchart LR',
    ...nodes.flatMap(({ inode, name, owner, links }) => [
      `  subgraph ns${inode < 0 ? `x${-inode}` : inode}["${entities(`${name} (${owner})`)}"]`,
      ...links.map(
        (link) => `    ${idOf(link.id)}["${[link.name, link.kind, ...link.addresses].map(entities).join('<br/>')}"]`,
      ),
      '  end',
    ]),
    ...edges.map(
      ({ kind, from, to }) =>
        `  ${idOf(from)} ${LINES[kind]} ${kind === 'tunnel' ? `${idOf(`vtep${to}`)}(["${entities(to)}"])` : idOf(to)}`,
    ),
    '',
  ].join('\n')
}

/** Mermaid takes letters, digits and `_` for a name. */
function idOf(id: string): string {
  return `l${id.replaceAll(/[^0-9A-Za-z]/g, '_')}`
}

/** Mermaid's own entities (`#quot;`); text is markup there otherwise. */
function entities(text: string): string {
  return sanitise(text).replaceAll(/[^\p{L}\p{N} ._:/()-]/gu, (character) => `#${character.codePointAt(0)};`)
}
