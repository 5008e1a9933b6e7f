import type { HostEvent } from '../../model/event.ts'
import type { Column } from '../../report/columns.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { Item, View, ViewFacts } from './view.ts'

const COLUMNS: readonly Column<HostEvent>[] = [
  { name: 'TIME', align: 'left', text: ({ at }) => sanitise(at.slice(11, 23)), sort: ({ at }) => at },
  {
    name: 'NAMESPACE',
    align: 'left',
    text: ({ namespace }) => sanitise(namespace.name),
    sort: ({ namespace }) => namespace.name,
  },
  { name: 'KIND', align: 'left', text: ({ kind }) => kind, sort: ({ kind }) => kind },
  { name: 'ACTION', align: 'left', text: ({ action }) => action, sort: ({ action }) => action },
  { name: 'EVENT', align: 'left', text: ({ text }) => sanitise(text), sort: ({ text }) => text },
]

/** What the kernel reported, newest first, of the namespaces that are looked at. */
export const EVENTS: View<HostEvent> = {
  id: 'events',
  title: 'events',
  aliases: ['watch', 'log'],
  kinds: [],
  inputs: ['events'],
  topic: 'event',
  empty: 'Nothing has changed since the start. (0 shows the events of every namespace.)',
  columns: () => COLUMNS,
  items: eventItems,
  enter: ({ row }, { snapshot }) =>
    snapshot.namespaces.some(({ inode }) => inode === row.namespace.inode)
      ? {
          kind: 'place',
          place: { scope: row.namespace.inode, view: 'summary', pane: 'view' },
          label: `to ${sanitise(row.namespace.name)}`,
        }
      : undefined,
}

const KEYS = new WeakMap<HostEvent, string>()
let lastKey = 0

/** An event is itself; it has no other name. */
function keyOf(event: HostEvent): string {
  const known = KEYS.get(event)
  if (known !== undefined) return known
  lastKey++
  const key = `event ${lastKey}`
  KEYS.set(event, key)
  return key
}

function eventItems({ events, namespaces, snapshot }: ViewFacts): readonly Item<HostEvent>[] {
  const shown = new Set(namespaces.map(({ inode }) => inode))
  // events of a namespace that is gone belong to the whole host
  const isWhole = namespaces.length === snapshot.namespaces.length
  return events
    .filter(({ namespace }) => isWhole || shown.has(namespace.inode))
    .toReversed()
    .map((event) => ({ id: keyOf(event), namespace: event.namespace.inode, row: event, object: event }))
}
