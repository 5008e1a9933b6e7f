import { lightBoxes } from './picture.js'

/** @typedef {import('../report-data.ts').ReportData} ReportData */
/** @typedef {import('../report-data.ts').ReportTable} ReportTable */
/** @typedef {import('../report-data.ts').ReportCell} ReportCell */
/** @typedef {{ row: ReportTable['rows'][number], position: number }} Entry */

/** More rows at once make a page slow, and nobody reads them. */
const PAGE = 300
const COLLATOR = new Intl.Collator('en', { numeric: true })
/** @type {ReportData} */
export const data = JSON.parse(byId('data').textContent ?? '')

/** What is shown of the tables. */
const state = {
  kind: data.tables[0]?.kind ?? '',
  /** Number of the only namespace; -1 = all. */
  namespace: -1,
  search: '',
  wide: false,
  column: -1,
  descending: false,
  shown: PAGE,
  /** Position of the row that was asked for; -1 = none. */
  lit: -1,
}

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}

/** @param {string} id */
export const selectById = (id) => /** @type {HTMLSelectElement} */ (byId(id))

/** @param {string} id */
const inputById = (id) => /** @type {HTMLInputElement} */ (byId(id))

/**
 * Text stays text, whatever is in it.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} [text]
 */
function element(name, text) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  return made
}

/** @param {ReportCell | number | undefined} cell */
function textOf(cell) {
  return typeof cell === 'object' ? cell[0] : String(cell ?? '')
}

/** @param {ReportCell | number | undefined} cell */
function numberOf(cell) {
  if (typeof cell === 'object') return cell[1]
  return cell === '' || cell === undefined ? Number.NEGATIVE_INFINITY : Number(cell)
}

/** @param {ReportTable} table @returns {Entry[]} */
function entriesOf(table) {
  const words = state.search.toLowerCase().split(/\s+/).filter(Boolean)
  const entries = table.rows.map((row, position) => ({ row, position }))
  return entries.filter(({ row }) => {
    if (state.namespace >= 0 && row[0] !== state.namespace) return false
    if (words.length === 0) return true
    const text = row.slice(1).map(textOf).join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** @param {ReportTable} table @param {Entry[]} entries */
function sorted(table, entries) {
  const { column, descending } = state
  if (column < 0) return entries
  const isNumber = table.columns[column]?.isNumber
  const sign = descending ? -1 : 1
  return entries.sort((a, b) => {
    const [one, other] = [a.row[column + 1], b.row[column + 1]]
    if (!isNumber) return sign * COLLATOR.compare(textOf(one), textOf(other))
    const [x, y] = [numberOf(one), numberOf(other)]
    return x === y ? 0 : x < y ? -sign : sign
  })
}

function drawTables() {
  drawKinds()
  const table = data.tables.find(({ kind }) => kind === state.kind)
  const place = byId('table')
  if (table === undefined) return place.replaceChildren()
  const entries = sorted(table, entriesOf(table))
  const columns = table.columns.map((_, at) => at).filter((at) => state.wide || table.columns[at]?.wide !== true)
  const drawn = element('table')
  drawn.append(headOf(table, columns), bodyOf(table, columns, entries.slice(0, state.shown)))
  place.replaceChildren(drawn)
  if (entries.length === 0) place.append(element('p', 'nothing'))
  if (entries.length > state.shown) place.append(moreOf(entries.length - state.shown))
}

/** @param {number} left */
function moreOf(left) {
  const line = element('p')
  const button = element('button', `show more (${left} left)`)
  button.addEventListener('click', () => change({ shown: state.shown * 4 }))
  line.append(button)
  return line
}

function drawKinds() {
  const isFocused = byId('kinds').contains(document.activeElement)
  const tabs = data.tables.map((table) => {
    const count = entriesOf(table).length
    const tab = element('button', `${table.title} ${count}`)
    tab.type = 'button'
    tab.role = 'tab'
    tab.dataset['kind'] = table.kind
    tab.className = count === 0 ? 'none' : ''
    tab.ariaSelected = String(table.kind === state.kind)
    tab.tabIndex = table.kind === state.kind ? 0 : -1
    tab.addEventListener('click', () => changeKind(table.kind))
    return tab
  })
  byId('kinds').replaceChildren(...tabs)
  if (isFocused) tabs.find(({ tabIndex }) => tabIndex === 0)?.focus()
}

/** @param {ReportTable} table @param {number[]} columns */
function headOf(table, columns) {
  const line = element('tr')
  for (const at of columns) {
    const { name = '', isNumber = false } = table.columns[at] ?? {}
    const cell = element('th')
    const button = element('button', `${name}${at === state.column ? (state.descending ? ' ▼' : ' ▲') : ''}`)
    button.addEventListener('click', () => {
      change({ column: at, descending: at === state.column && !state.descending })
      const headings = byId('table').querySelectorAll('th')
      headings[columns.indexOf(at)]?.querySelector('button')?.focus()
    })
    cell.scope = 'col'
    cell.className = isNumber ? 'number' : ''
    if (at === state.column) cell.ariaSort = state.descending ? 'descending' : 'ascending'
    cell.append(button)
    line.append(cell)
  }
  const head = element('thead')
  head.append(line)
  return head
}

/** @param {ReportTable} table @param {number[]} columns @param {Entry[]} entries */
function bodyOf(table, columns, entries) {
  const body = element('tbody')
  for (const { row, position } of entries) {
    const line = element('tr')
    line.id = `${table.kind}-${position}`
    if (position === state.lit) line.className = 'lit'
    for (const at of columns) {
      const cell = element('td', textOf(row[at + 1]))
      if (table.columns[at]?.isNumber) cell.className = 'number'
      line.append(cell)
    }
    body.append(line)
  }
  return body
}

/** @param {Partial<typeof state>} changes */
function change(changes) {
  Object.assign(state, changes)
  drawTables()
}

/** Another table starts unsorted, at its first rows. @param {string} kind */
export function changeKind(kind) {
  change({ kind, column: -1, descending: false, shown: PAGE, lit: -1 })
}

/** @param {number} namespace -1 = all */
export function showNamespace(namespace) {
  const { owner = '' } = data.namespaces[namespace] ?? {}
  selectById('namespace').value = String(namespace)
  lightBoxes(owner === '' ? [] : [namespace])
  change({ namespace, shown: PAGE, lit: -1 })
}

/** A row of a table, without a filter that could hide it. @param {string} kind @param {number} position */
export function showRow(kind, position) {
  const namespace = data.tables.find((table) => table.kind === kind)?.rows[position]?.[0] ?? -1
  setSearch('')
  showNamespace(namespace)
  change({ kind, column: -1, descending: false, shown: Number.POSITIVE_INFINITY, lit: position })
  byId(`${kind}-${position}`).scrollIntoView({ block: 'center' })
}

/** @param {string} text */
export function setSearch(text) {
  inputById('search').value = text
  change({ search: text, shown: PAGE, lit: -1 })
}

export function startTables() {
  const choice = selectById('namespace')
  choice.append(new Option('all', '-1'), ...data.namespaces.map(({ name }, at) => new Option(name, String(at))))
  choice.addEventListener('change', () => showNamespace(Number(choice.value)))
  const search = inputById('search')
  search.addEventListener('input', () => change({ search: search.value, shown: PAGE, lit: -1 }))
  const wide = inputById('wide')
  wide.addEventListener('change', () => change({ wide: wide.checked }))
  byId('kinds').addEventListener('keydown', ({ key }) => {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0
    const at = data.tables.findIndex(({ kind }) => kind === state.kind)
    const next = data.tables[(at + step + data.tables.length) % data.tables.length]
    if (step !== 0 && next !== undefined) changeKind(next.kind)
  })
  drawTables()
}
