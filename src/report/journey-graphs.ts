import type { Hop, Journey } from '../model/journey.ts'
import { flowText } from './journey-lines.ts'
import { sanitise } from './sanitise.ts'

/** A Graphviz graph: a cluster a namespace, a box a hop, the way as arrows; where it ends in red. */
export function journeyDot(journey: Journey): string {
  const { hops } = journey
  return [
    `digraph ${quote(flowText(journey.flow))} {`,
    '  rankdir=LR; node [shape=box, fontname="monospace"];',
    ...stays(hops).flatMap(({ name, positions }, at) => [
      `  subgraph cluster_${at} {`,
      `    label=${quote(name)};`,
      ...positions.map(
        (position) => `    h${position} [label=${quote(labelOf(hops[position]))}${colourOf(hops[position])}];`,
      ),
      '  }',
    ]),
    ...hops.slice(1).map((_, position) => `  h${position} -> h${position + 1};`),
    '}',
    '',
  ].join('\n')
}

/** The same as a Mermaid flowchart. */
export function journeyMermaid({ hops }: Journey): string {
  return [
    'flowchart LR',
    ...stays(hops).flatMap(({ name, positions }, at) => [
      `  subgraph n${at}["${entities(name)}"]`,
      ...positions.map((position) => `    h${position}["${entities(labelOf(hops[position]))}"]`),
      '  end',
    ]),
    ...hops.slice(1).map((_, position) => `  h${position} --> h${position + 1}`),
    ...hops.flatMap(({ stopped }, position) => (stopped === true ? [`  style h${position} stroke:red`] : [])),
    '',
  ].join('\n')
}

/** Hops in a row that are in one namespace. */
function stays(hops: readonly Hop[]): { readonly name: string; readonly positions: number[] }[] {
  const found: { name: string; key: string; positions: number[] }[] = []
  for (const [position, { name, namespace, host }] of hops.entries()) {
    const key = `${host ?? 0}:${namespace}`
    const last = found.at(-1)
    if (last?.key === key) last.positions.push(position)
    else found.push({ name, key, positions: [position] })
  }
  return found
}

function labelOf(hop: Hop | undefined): string {
  return hop === undefined ? '' : `${hop.stage}: ${hop.text}`
}

function colourOf(hop: Hop | undefined): string {
  return hop?.stopped === true ? ', color=red' : ''
}

/** A DOT string: only `"` and `\` are special in it. */
function quote(text: string): string {
  return `"${sanitise(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** Mermaid's own entities; text is markup there otherwise. */
function entities(text: string): string {
  return sanitise(text).replaceAll(/[^\p{L}\p{N} ._:/()-]/gu, (character) => `#${character.codePointAt(0)};`)
}
