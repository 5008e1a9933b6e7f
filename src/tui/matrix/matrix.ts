import type { MatrixCell, MatrixTarget } from '../../model/journey.ts'
import { formatEndpoint } from '../../report/format.ts'
import { sanitise } from '../../report/sanitise.ts'
import { type Asked, NOT_ASKED } from '../asks/ask.ts'
import { rememberLast } from '../memo.ts'

/** Who can talk to whom, predicted. */
export interface MatrixState {
  readonly asked: Asked<MatrixAnswer>
  /** Of the selected cell; the row is the cursor of the view. */
  readonly column: number
  readonly turn: number
  readonly isStopped: boolean
}

/** What `matrix --json` prints. */
export interface MatrixAnswer {
  readonly cells: readonly MatrixCell[]
}

export const NO_MATRIX: MatrixState = { asked: NOT_ASKED, column: 0, turn: 0, isStopped: false }

/** The cells of one source, in the order of the targets. */
export interface MatrixRow {
  readonly from: string
  readonly cells: readonly (MatrixCell | undefined)[]
}

export interface Grid {
  readonly targets: readonly MatrixTarget[]
  readonly rows: readonly MatrixRow[]
}

export const gridOf = rememberLast(
  (answer: MatrixAnswer) => [answer],
  ({ cells }): Grid => {
    const targets = new Map<string, MatrixTarget>()
    const sources = new Map<string, Map<string, MatrixCell>>()
    for (const cell of cells) {
      const key = targetText(cell.to)
      if (!targets.has(key)) targets.set(key, cell.to)
      const row = sources.get(cell.from) ?? new Map<string, MatrixCell>()
      row.set(key, cell)
      sources.set(cell.from, row)
    }
    const keys = [...targets.keys()]
    return {
      targets: [...targets.values()],
      rows: [...sources].map(([from, row]) => ({ from, cells: keys.map((key) => row.get(key)) })),
    }
  },
)

/** `db 172.19.0.2:8500 tcp`, sanitised. */
export function targetText({ name, address, port, protocol }: MatrixTarget): string {
  return sanitise(`${name} ${formatEndpoint(address, port)} ${protocol}`)
}

/** ✓ it arrives and the answer comes back, ✖ not, ? nobody can know from the facts. */
export function cellMark(cell: MatrixCell | undefined): '✓' | '✖' | '?' | '·' {
  if (cell === undefined) return '·'
  if (cell.isAnswered) return '✓'
  return cell.verdict === 'depends' || cell.verdict === 'unknown' ? '?' : '✖'
}
