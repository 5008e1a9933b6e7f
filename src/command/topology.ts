import { TsnetError } from '../errors.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Topology } from '../model/topology.ts'
import { collapseTopology } from '../model/topology-collapse.ts'

type Draw = (topology: Topology) => string

/** Each is loaded when it is asked for: the picture brings a layout library. */
const FORMATS: Readonly<Record<string, () => Promise<Draw | 'json'>>> = {
  tree: async () => (await import('../report/topo-tree.ts')).topologyTree,
  dot: async () => collapsed((await import('../report/topo-dot.ts')).topologyDot),
  mermaid: async () => collapsed((await import('../report/topo-mermaid.ts')).topologyMermaid),
  svg: async () => collapsed((await import('../report/topo-svg.ts')).topologySvg),
  json: async () => 'json',
}

export const TOPOLOGY_FORMATS = Object.keys(FORMATS)

function collapsed(draw: Draw): Draw {
  return (topology) => draw(collapseTopology(topology))
}

/**
 * How a format is drawn.
 * @throws TsnetError `usage` with the nearest names
 */
export async function drawTopology(format: string): Promise<Draw | 'json'> {
  const load = TOPOLOGY_FORMATS.includes(format) ? FORMATS[format] : undefined
  if (load !== undefined) return load()
  throw new TsnetError('usage', `topo: no such format: ${format}${didYouMean(format, TOPOLOGY_FORMATS)}`, {
    hint: `Formats: ${TOPOLOGY_FORMATS.join(' ')}`,
  })
}
