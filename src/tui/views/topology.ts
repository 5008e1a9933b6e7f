import { waysOf } from '../asks/wanted-asks.ts'
import type { PlacedBox } from '../drawing/arrange.ts'
import { type Arrangement, arrange } from '../drawing/arrange.ts'
import { graphOf } from '../drawing/graph.ts'
import { rememberLast } from '../memo.ts'
import { type Item, NO_NAMESPACE, type View, type ViewFacts } from './view.ts'

/** The drawing of what is looked at. */
export const arrangementOf = rememberLast(
  ({ snapshot, namespaces, path }: Pick<ViewFacts, 'snapshot' | 'namespaces' | 'path'>) => [
    snapshot,
    namespaces,
    path.predicted.answer,
  ],
  ({ snapshot, namespaces, path }): Arrangement => {
    const ways = waysOf(path.predicted.answer)
    // the way of a packet is drawn whole, from wherever one looks
    const others = snapshot.namespaces.filter((each) => ways.has(each.inode) && !namespaces.includes(each))
    return arrange(graphOf(snapshot, [...namespaces, ...others]))
  },
)

/** Boxes and cables; the rows are the boxes, from left to right and top to bottom. */
export const TOPOLOGY: View<PlacedBox> = {
  id: 'topology',
  title: 'topology',
  aliases: ['topo', 'drawing'],
  kinds: ['links', 'addrs'],
  inputs: ['path'],
  isWhole: true,
  topic: 'namespace',
  empty: 'Nothing to draw.',
  columns: () => [{ name: 'BOX', align: 'left', text: ({ box }) => box.title, sort: ({ box }) => box.title }],
  items: (facts) =>
    [...arrangementOf(facts).boxes]
      .sort((a, b) => a.layer - b.layer || a.y - b.y)
      .map((placed) => boxItem(placed, facts)),
  enter: ({ row: { box } }) => ({
    kind: 'place',
    place: { scope: box.scope, view: 'summary', pane: 'view' },
    label: `to ${box.title}`,
  }),
}

function boxItem(placed: PlacedBox, { namespaces, snapshot }: ViewFacts): Item<PlacedBox> {
  const { scope } = placed.box
  const namespace = [...namespaces, ...snapshot.namespaces].find(({ inode }) => inode === scope)
  return {
    id: placed.box.id,
    namespace: typeof scope === 'number' ? scope : NO_NAMESPACE,
    row: placed,
    object: namespace ?? placed.box,
  }
}
