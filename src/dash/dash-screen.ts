import blessed from 'blessed'
import { line as lineChart } from 'blessed-contrib'
import { padCells, sanitise, truncateMiddle } from '../report/sanitise.ts'
import { layoutOf } from './model/layout.ts'
import { type DashFacts, panelText } from './model/panels.ts'
import { type Series, seriesOf } from './model/rows.ts'
import { type DashState, PANELS, type Panel } from './model/state.ts'

/** Names for the chart, numbers (ECMA-48) for the names above it. */
const LINE_COLOURS = [
  ['yellow', 33],
  ['cyan', 36],
  ['green', 32],
  ['magenta', 35],
] as const
const FRAME = 2
/** What a chart keeps free for its numbers, in columns. */
const CHART_MARGIN = 12
/** Right of the axis. */
const LEGEND_LEFT = 9

/** The screen of blessed: what is drawn where. What it shows comes from `model`, sanitised and without its tags. */
export class DashScreen {
  readonly #screen: blessed.Widgets.Screen
  readonly #boxes: ReadonlyMap<Panel, blessed.Widgets.BoxElement>
  readonly #status: blessed.Widgets.BoxElement
  /** The one of the chart would hide its newest values, and takes names with tags. */
  readonly #legend: blessed.Widgets.BoxElement
  #chart: ReturnType<typeof lineChart>
  #isOpen = true

  constructor(onKey: (key: string) => void, onResize: () => void) {
    this.#screen = blessed.screen({
      // described in the program itself, so that no file of this machine has to be there
      terminal: 'xterm-256color',
      smartCSR: true,
      fullUnicode: true,
      forceUnicode: true,
      warnings: false,
    } as blessed.Widgets.IScreenOptions)
    // lines of frames as Unicode: what the alternate character set shows depends on the terminal
    const { tput } = this.#screen as unknown as { readonly tput: { brokenACS: boolean } }
    tput.brokenACS = true
    this.#boxes = new Map(PANELS.map((panel) => [panel, this.#box({ border: { type: 'line' } })]))
    this.#status = this.#box({ height: 1, bottom: 0, left: 0, width: '100%', style: { inverse: true } })
    this.#legend = this.#box({ height: 1 })
    this.#chart = this.#newChart()
    this.#screen.on('keypress', (character: string | undefined, { full }: { full?: string }) =>
      onKey(full === undefined || full === '' ? (character ?? '') : full),
    )
    this.#screen.on('resize', () => {
      this.#chart.destroy()
      this.#chart = this.#newChart()
      onResize()
    })
  }

  #box(options: blessed.Widgets.BoxOptions): blessed.Widgets.BoxElement {
    const box = blessed.box({ tags: false, wrap: false, ...options } as blessed.Widgets.BoxOptions)
    this.#screen.append(box)
    return box
  }

  get #size(): { readonly columns: number; readonly lines: number } {
    return { columns: Number(this.#screen.width), lines: Number(this.#screen.height) }
  }

  /** Its canvas has the size that it was made with. */
  #newChart(): ReturnType<typeof lineChart> {
    const { columns, lines } = this.#size
    const chart = lineChart({
      ...layoutOf(columns, lines).chart,
      border: { type: 'line' },
      xLabelPadding: 10,
      xPadding: 14,
      style: { text: 'white', baseline: 'white' },
    } as never)
    this.#screen.append(chart)
    return chart
  }

  draw(facts: DashFacts, state: DashState, source: { readonly about: string; readonly canSeek: boolean }): void {
    if (!this.#isOpen) return
    const { columns, lines } = this.#size
    const layout = layoutOf(columns, lines)
    for (const [panel, box] of this.#boxes) {
      const area = layout[panel]
      Object.assign(box.position, area)
      this.#fill(box, panel, { facts, state, width: area.width - FRAME, height: area.height - FRAME })
    }
    this.#drawChart(facts, state, columns)
    this.#status.setContent(`\x1b[7m${padCells(statusText(state, source, columns), columns)}\x1b[27m`)
    this.#screen.render()
  }

  #fill(box: blessed.Widgets.BoxElement, panel: Panel, { facts, state, width, height }: Filling): void {
    const { label, heading, lines } = panelText(panel, facts, { state, width })
    const room = Math.max(0, height - (heading === '' ? 0 : 1))
    const first = Math.max(0, Math.min(state.scroll[panel], lines.length - room))
    const shown = lines.slice(first, first + room)
    const more = lines.length > room ? ` ${first + 1}–${first + shown.length} of ${lines.length}` : ''
    box.setLabel(` ${truncateMiddle(`${label}${more}`, Math.max(1, width - FRAME))} `)
    box.style.border = { fg: panel === state.focus ? 'cyan' : 'grey' }
    box.setContent([...(heading === '' ? [] : [`\x1b[1m${heading}\x1b[22m`]), ...shown].join('\n'))
  }

  #drawChart({ history }: DashFacts, { scope, rangeS }: DashState, columns: number): void {
    const width = Math.max(2, Math.floor(columns / 2) - CHART_MARGIN)
    const series = seriesOf(history, scope, { rangeS, width, most: LINE_COLOURS.length })
    const x = Array.from({ length: width }, (_, at) => `-${Math.round((rangeS * (width - 1 - at)) / width)}s`)
    const isFlat = series.every(({ values }) => values.every((value) => value === 0))
    // without a highest value there is no scale
    Object.assign(this.#chart.options, { maxY: isFlat ? 1 : undefined })
    const { unit, divisor } = unitOf(series)
    this.#chart.setLabel(` ${unit}/s `)
    const drawn = isFlat && series.length === 0 ? [{ name: '', values: x.map(() => 0) }] : series
    this.#chart.setData(
      drawn.map(({ values }, at) => ({
        title: String(at),
        x,
        y: values.map((value) => value / divisor),
        style: { line: LINE_COLOURS[at]?.[0] ?? 'white' },
      })),
    )
    this.#drawLegend(series, layoutOf(columns, 0).chart.width)
  }

  #drawLegend(series: readonly Series[], width: number): void {
    const left = LEGEND_LEFT
    const room = Math.max(1, Math.floor((width - left - FRAME) / LINE_COLOURS.length) - 1)
    Object.assign(this.#legend.position, { top: 1, left, width: Math.max(1, width - left - FRAME) })
    const names = series.map(
      ({ name }, at) => `\x1b[${LINE_COLOURS[at]?.[1] ?? 37}m${truncateMiddle(sanitise(name), room)}\x1b[39m`,
    )
    this.#legend.setContent(names.join(' '))
    this.#legend.setFront()
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#screen.destroy()
  }
}

interface Filling {
  readonly facts: DashFacts
  readonly state: DashState
  readonly width: number
  readonly height: number
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** In which the highest value has the fewest digits. */
function unitOf(series: readonly Series[]): { readonly unit: string; readonly divisor: number } {
  const highest = Math.max(1, ...series.flatMap(({ values }) => values))
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(highest) / 3))
  return { unit: UNITS[power] ?? 'B', divisor: 1000 ** power }
}

const KEYS = 'tab panel · ↑↓ scroll · v scope · s sort · +− range · space pause · q quit'
const FEW_KEYS = 'tab ↑↓ v s + − space q'

const SEEK_KEYS = '←→ 10 s · home end · '
const FEW_SEEK_KEYS = '←→ home end '

function statusText(
  { rangeS, isPaused }: DashState,
  { about, canSeek }: { readonly about: string; readonly canSeek: boolean },
  columns: number,
): string {
  const name = truncateMiddle(sanitise(about), Math.max(10, columns - 50))
  const [keys, seekKeys] = columns < 130 ? [FEW_KEYS, FEW_SEEK_KEYS] : [KEYS, SEEK_KEYS]
  return ` ${name}${isPaused ? ', paused' : ''} · ${rangeS} s   ${canSeek ? seekKeys : ''}${keys}`
}
