import dagre from '@dagrejs/dagre'
import type { Topology, TopologyNode } from '../model/topology.ts'
import { escapeHtml } from './html/escape.ts'
import { displayWidth, sanitise, truncateMiddle } from './sanitise.ts'

const CHARACTER = 7.5
const LINE = 18
const PADDING = 8
const MAX_TEXT = 48
const COLOURS = { veth: '#2b6cb0', port: '#2f855a', parent: '#975a16', tunnel: '#9b2c2c' } as const

interface Box {
  readonly node: TopologyNode
  readonly lines: readonly string[]
}

/** What a page makes of a box: where it leads to, and how it is styled. */
export interface BoxLink {
  /** `#…`; absent: it leads nowhere. */
  readonly href?: string
  readonly className?: string
}

/**
 * A picture: a box a namespace with its links as lines of text, laid out by dagre.
 *
 * @param linkOf makes an interactive picture: boxes are links, and lines name the boxes that they join
 */
export function topologySvg(topology: Topology, linkOf?: (node: TopologyNode) => BoxLink): string {
  const graph = new dagre.graphlib.Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 24, ranksep: 90, marginx: 16, marginy: 16 })
  const boxes = topology.nodes.map((node): Box => ({ node, lines: linesOf(node) }))
  for (const box of boxes) graph.setNode(String(box.node.inode), sizeOf(box))
  const links = topology.edges.map((edge) => ({
    ...edge,
    a: boxOf(edge.from),
    b: edge.kind === 'tunnel' ? `vtep ${edge.to}` : boxOf(edge.to),
  }))
  for (const { kind, to } of topology.edges) {
    if (kind === 'tunnel')
      graph.setNode(`vtep ${to}`, { width: displayWidth(to) * CHARACTER + 2 * PADDING, height: LINE + PADDING })
  }
  for (const [position, { a, b }] of links.entries()) if (a !== b) graph.setEdge(a, b, {}, String(position))
  dagre.layout(graph)
  const { width = 0, height = 0 } = graph.graph()
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" font-family="monospace" font-size="12">`,
    `<title>${escapeHtml(topology.hostname)}</title>`,
    ...links.flatMap(({ kind, a, b }, position) => {
      const ends = linkOf === undefined ? '' : ` class="line" data-a="${escapeHtml(a)}" data-b="${escapeHtml(b)}"`
      return a === b ? [] : [lineOf(graph.edge(a, b, String(position)), kind, ends)]
    }),
    ...boxes.map((box) => linked(box, drawBox(box, graph.node(String(box.node.inode))), linkOf)),
    ...[...new Set(links.filter(({ kind }) => kind === 'tunnel').map(({ to }) => to))].map((to) =>
      drawVtep(to, graph.node(`vtep ${to}`)),
    ),
    '</svg>',
    '',
  ].join('\n')
}

function linked({ node }: Box, drawing: string, linkOf: ((node: TopologyNode) => BoxLink) | undefined): string {
  if (linkOf === undefined) return drawing
  const { href, className = '' } = linkOf(node)
  const about = `class="box ${escapeHtml(className)}" data-box="${node.inode}"`
  return href === undefined ? `<g ${about}>${drawing}</g>` : `<a ${about} href="${escapeHtml(href)}">${drawing}</a>`
}

function boxOf(id: string): string {
  return id.slice(0, id.indexOf(':'))
}

function linesOf({ links }: TopologyNode): string[] {
  return links.map(({ name, kind, up, addresses }) =>
    truncateMiddle(sanitise([name, kind, ...(up ? [] : ['down']), ...addresses].join(' ')), MAX_TEXT),
  )
}

function titleOf({ name, owner }: TopologyNode): string {
  return truncateMiddle(sanitise(`${name} (${owner})`), MAX_TEXT)
}

function sizeOf({ node, lines }: Box): { width: number; height: number } {
  const widest = Math.max(...[titleOf(node), ...lines].map(displayWidth))
  return { width: widest * CHARACTER + 2 * PADDING, height: (lines.length + 1) * LINE + 2 * PADDING }
}

interface Placed {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

function drawBox({ node, lines }: Box, place: Placed): string {
  const left = place.x - place.width / 2
  const top = place.y - place.height / 2
  const text = [titleOf(node), ...lines].map((line, position) => {
    const weight = position === 0 ? ' font-weight="bold"' : ''
    return `<text x="${left + PADDING}" y="${top + PADDING + (position + 0.75) * LINE}"${weight}>${escapeHtml(line)}</text>`
  })
  return `<g><rect x="${left}" y="${top}" width="${place.width}" height="${place.height}" rx="4" fill="#fff" stroke="#4a5568"/>${text.join('')}</g>`
}

function drawVtep(address: string, { x, y, width, height }: Placed): string {
  return `<g><rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="12" fill="#fff5f5" stroke="${COLOURS.tunnel}"/><text x="${x}" y="${y + 4}" text-anchor="middle">${escapeHtml(address)}</text></g>`
}

function lineOf(
  { points }: { points?: readonly { readonly x: number; readonly y: number }[] },
  kind: keyof typeof COLOURS,
  ends: string,
): string {
  const path = (points ?? []).map(({ x, y }) => `${x},${y}`).join(' ')
  return `<polyline${ends} points="${path}" fill="none" stroke="${COLOURS[kind]}"${kind === 'parent' ? ' stroke-dasharray="4"' : ''}><title>${kind}</title></polyline>`
}
