import type { PacketNode } from '../../model/packets/tree/node.ts'
import { packetTree } from '../../model/packets/tree/packet-tree.ts'
import type { NameOfAddress } from '../../report/packets/packet-names.ts'
import { sanitise } from '../../report/sanitise.ts'
import { bytesOf, type PacketRow } from './packet-item.ts'

/** A layer or a field on the screen. */
export interface TreeRow {
  /** The same for the same field of another packet: `ip/ip.ttl`, `ip#2/ip.ttl`. */
  readonly id: string
  readonly parent: string | undefined
  readonly depth: number
  /** Whether its parts are shown; absent when it has none. */
  readonly open?: boolean
  /** Sanitised. */
  readonly text: string
  readonly node: PacketNode
}

export interface TreeOptions {
  readonly vxlanPorts: readonly number[]
  readonly turned: ReadonlySet<string>
  readonly nameOf: NameOfAddress
}

/** The rows of a packet's tree: at first its innermost header is open, and everything else folded. */
export function treeRows(packet: PacketRow, { vxlanPorts, turned, nameOf }: TreeOptions): readonly TreeRow[] {
  const layers = packetTree(bytesOf(packet), { start: packet.begins, vxlanPorts })
  const innermost = layers.findLastIndex(({ name }) => !NOT_HEADERS.has(name))
  const opened = layers[innermost]
  return rowsOf(layers, { parent: undefined, depth: 0, isOpen: (node) => node === opened, turned, nameOf })
}

const NOT_HEADERS: ReadonlySet<string> = new Set(['data', 'eth.padding', 'cut'])

interface Level {
  readonly parent: string | undefined
  readonly depth: number
  readonly isOpen: (node: PacketNode) => boolean
  readonly turned: ReadonlySet<string>
  readonly nameOf: NameOfAddress
}

function rowsOf(nodes: readonly PacketNode[], level: Level): readonly TreeRow[] {
  const counts = new Map<string, number>()
  return nodes.flatMap((node) => {
    const count = (counts.get(node.name) ?? 0) + 1
    counts.set(node.name, count)
    const own = count === 1 ? node.name : `${node.name}#${count}`
    const id = level.parent === undefined ? own : `${level.parent}/${own}`
    const isBranch = node.children.length > 0
    const open = isBranch && level.isOpen(node) !== level.turned.has(id)
    const row: TreeRow = {
      id,
      parent: level.parent,
      depth: level.depth,
      text: textOf(node, level.nameOf),
      node,
      ...(isBranch ? { open } : {}),
    }
    if (!open) return [row]
    return [row, ...rowsOf(node.children, { ...level, parent: id, depth: level.depth + 1, isOpen: () => false })]
  })
}

function textOf({ label, value, address }: PacketNode, nameOf: NameOfAddress): string {
  const name = address === undefined ? undefined : nameOf(address)
  const said = name === undefined ? value : `${value} (${name})`
  return sanitise(label === '' ? said : said === '' ? label : `${label}  ${said}`)
}
