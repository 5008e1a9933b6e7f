import type { Column } from '../report/columns.ts'
import type { Order } from './cursor.ts'
import { rowHealths } from './doctor/health.ts'
import { parseFilter } from './filter.ts'
import { layoutOf } from './layout.ts'
import { rememberLast } from './memo.ts'
import { namespacesOf } from './pane.ts'
import type { State } from './state.ts'
import { displayWidth } from './text.ts'
import type { Item, View, ViewFacts } from './views/view.ts'
import { viewOf } from './views/views.ts'

/** A view with its rows filtered and sorted, ready to be looked at through a window. */
export interface Table extends Order {
  readonly view: View
  readonly columns: readonly Column<unknown>[]
  /** Of each column: what its heading and the rows need. */
  readonly widths: readonly number[]
  readonly items: readonly Item[]
  /** Rows before the filter. */
  readonly total: number
}

export function factsOf(state: State): ViewFacts {
  const { host, connections, deltas, labs, path, matrix, doctor, capture, folded, size } = state
  const { snapshot, events } = host
  const width = layoutOf(size).rightWidth
  const namespaces = namespacesOf(state)
  return { snapshot, namespaces, events, connections, deltas, labs, path, matrix, doctor, capture, folded, width }
}

const itemsOf = rememberLast(
  (state: State) => {
    const facts = factsOf(state)
    const { id, inputs: needed = [] } = viewOf(state.place.view)
    const { answer } = state.doctor.asked
    // a peer, the container behind a MAC or the networks may change what a row of another namespace says
    return [
      id,
      facts.snapshot,
      facts.namespaces,
      state.folded,
      answer,
      ...needed.map((name) => (name === 'matrix' ? facts.matrix.asked : facts[name])),
    ]
  },
  (state: State) => withFindings(viewOf(state.place.view).items(factsOf(state)), state),
)

/** Where something was found about an entry, its row says so, whatever the view. */
function withFindings(items: readonly Item[], { doctor, host, place }: State): readonly Item[] {
  const { answer } = doctor.asked
  const healths = answer === undefined ? undefined : rowHealths(answer, host.snapshot, place.view)
  if (healths === undefined || healths.size === 0) return items
  return items.map((item) => {
    const health = healths.get(item.id)
    return health === undefined ? item : { ...item, health }
  })
}

export const tableOf = rememberLast(
  (state: State) => [
    itemsOf(state),
    state.filters.get(state.place.view),
    state.sorts.get(state.place.view),
    state.wide,
    state.faultsOnly,
    namespacesOf(state).length > 1,
  ],
  (state: State): Table => {
    const view = viewOf(state.place.view)
    const all = itemsOf(state)
    const columns = view
      .columns(namespacesOf(state).length !== 1, factsOf(state))
      .filter((column) => state.wide || column.wide !== true)
    const faulty = state.faultsOnly && view.isWhole !== true ? faultyOf(all) : all
    const items = sorted(filtered(faulty, columns, state.filters.get(view.id)), columns, state)
    return { view, columns, widths: measureColumns(columns, items), items, total: all.length, ...orderOf(items) }
  },
)

function orderOf(items: readonly Item[]): Order {
  let positions: Map<string, number> | undefined
  return {
    length: items.length,
    idAt: (position) => items[position]?.id,
    positionOf: (id) => {
      positions ??= new Map(items.map((item, position) => [item.id, position]))
      return positions.get(id)
    },
  }
}

/** Rows that match, and the branches that lead to them. */
function filtered(items: readonly Item[], columns: readonly Column<unknown>[], text = ''): readonly Item[] {
  const filter = parseFilter(text)
  if (filter === undefined || 'error' in filter) return items
  return kept(items, (item) => filter.matches(rowText(item, columns)))
}

/** Rows that carry a mark, and the branches that lead to them. */
function faultyOf(items: readonly Item[]): readonly Item[] {
  return kept(items, ({ health }) => health !== undefined && health.mark !== '●')
}

function kept(items: readonly Item[], isWanted: (item: Item) => boolean): readonly Item[] {
  const found: Item[] = []
  let shallowest = 0
  for (let at = items.length - 1; at >= 0; at--) {
    const item = items[at]
    if (item === undefined) continue
    const depth = item.depth ?? 0
    const leadsToFound = depth < shallowest
    if (leadsToFound || isWanted(item)) {
      found.push(item)
      shallowest = depth
    }
  }
  return found.reverse()
}

const TEXTS = new WeakMap<Item, { readonly columns: readonly Column<unknown>[]; readonly text: string }>()

/** All cells in one line, remembered: a filter looks at every row with each letter that is typed. */
function rowText(item: Item, columns: readonly Column<unknown>[]): string {
  const known = TEXTS.get(item)
  if (known !== undefined && isSameList(known.columns, columns)) return known.text
  const text = columns.map((column) => column.text(item.row)).join(' ')
  TEXTS.set(item, { columns, text })
  return text
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, position) => each === b[position])
}

/** Stable: equal rows stay in the order of the view. The branches of a tree keep their children. */
function sorted(items: readonly Item[], columns: readonly Column<unknown>[], state: State): readonly Item[] {
  const sort = state.sorts.get(state.place.view)
  const column = columns.find(({ name }) => name === sort?.column)
  if (sort === undefined || column === undefined) return items
  const direction = sort.descending ? -1 : 1
  const compare = (a: Branch, b: Branch): number => direction * compareKeys(a.key, b.key)
  const roots = branchesOf(items, column)
  return flatten(roots.sort(compare), compare)
}

interface Branch {
  readonly item: Item
  readonly key: string | number
  readonly children: Branch[]
}

function branchesOf(items: readonly Item[], column: Column<unknown>): Branch[] {
  const roots: Branch[] = []
  const path: Branch[] = []
  for (const item of items) {
    const depth = item.depth ?? 0
    const branch: Branch = { item, key: column.sort(item.row), children: [] }
    path.length = Math.min(path.length, depth)
    const parent = path.at(-1)
    if (parent === undefined) roots.push(branch)
    else parent.children.push(branch)
    path.push(branch)
  }
  return roots
}

function flatten(branches: readonly Branch[], compare: (a: Branch, b: Branch) => number): Item[] {
  const items: Item[] = []
  for (const { item, children } of branches) {
    items.push(item)
    if (children.length > 0) items.push(...flatten(children.sort(compare), compare))
  }
  return items
}

const COLLATOR = new Intl.Collator('en', { numeric: true })

function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return COLLATOR.compare(String(a), String(b))
}

/** Enough rows to know how wide a column gets, without asking all of 10,000. */
const SAMPLE = 400

function measureColumns(columns: readonly Column<unknown>[], items: readonly Item[]): readonly number[] {
  const step = Math.max(1, Math.ceil(items.length / SAMPLE))
  return columns.map((column, position) => {
    let width = Math.max(displayWidth(column.name), column.least ?? 0)
    for (let at = 0; at < items.length; at += step) {
      const item = items[at]
      if (item === undefined) break
      const indent = position === 0 ? indentOf(item) : 0
      width = Math.max(width, indent + widthOf(column.text(item.row)))
    }
    return width
  })
}

/** Wider than any screen is wide enough. */
const WIDEST = 300

function widthOf(text: string): number {
  return text.length > WIDEST ? WIDEST : displayWidth(text)
}

/** Columns that a row of a tree is set in: two a level, two for the mark of a branch. */
export function indentOf(item: Item): number {
  return (item.depth ?? 0) * 2 + (item.open === undefined ? 0 : 2)
}
