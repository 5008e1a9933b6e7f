import type { MatrixCell, MatrixTarget, PolicyResult, ReachabilityChange } from '../model/journey.ts'
import { formatEndpoint } from './format.ts'
import { padCells, sanitise } from './sanitise.ts'

const MARKS = { delivered: '●', dropped: '✖', rejected: '✖', depends: '▲', unknown: '▲' } as const
const COLOURS = { delivered: 32, dropped: 31, rejected: 31, depends: 33, unknown: 33 } as const
const LONGEST_NAME = 24

/**
 * A row a source, a column a target with its number, below them what the numbers mean:
 * ```
 *        1 2 3
 * web    ● ● ✖
 * db     ● ● ✖
 *  1 web 172.19.0.3:80 tcp   2 db …
 * ```
 */
export function matrixTable(cells: readonly MatrixCell[], { colour }: { readonly colour: boolean }): string {
  const sources = [...new Set(cells.map(({ from }) => from))]
  const targets = [...new Map(cells.map(({ to }) => [targetText(to), to])).keys()]
  const width = Math.min(LONGEST_NAME, Math.max(0, ...sources.map((name) => sanitise(name).length)))
  const cell = new Map(cells.map((each) => [`${each.from}\n${targetText(each.to)}`, each]))
  const digits = String(targets.length).length
  const head = targets.map((_, position) => String(position + 1).padStart(digits)).join(' ')
  const rows = sources.map((from) => {
    const marks = targets.map((to) => ' '.repeat(digits - 1) + markOf(cell.get(`${from}\n${to}`), colour))
    return `${padCells(sanitise(from), width)} ${marks.join(' ')}`
  })
  const legend = targets.map((to, position) => ` ${String(position + 1).padStart(digits)} ${sanitise(to)}`)
  return `${[`${' '.repeat(width)} ${head}`, ...rows, ...legend].join('\n')}\n`
}

function targetText({ name, address, port, protocol }: MatrixTarget): string {
  return `${name} ${formatEndpoint(address, port)} ${protocol}`
}

/** Delivered without an answer is no connection. */
function markOf(cell: MatrixCell | undefined, colour: boolean): string {
  if (cell === undefined) return ' '
  const verdict = cell.verdict === 'delivered' && !cell.isAnswered ? 'dropped' : cell.verdict
  return colour ? `\x1b[${COLOURS[verdict]}m${MARKS[verdict]}\x1b[0m` : MARKS[verdict]
}

/** `✖ must web -> db:8500: dropped by …`, a line a policy. */
export function policyLines(results: readonly PolicyResult[]): string[] {
  return results.map(({ text, wants, isKept, reason }) =>
    sanitise(`${isKept ? '●' : '✖'} ${wants} ${text}${isKept ? '' : `: ${reason}`}`),
  )
}

/** `✖ web → db 172.19.0.2:8500 tcp: dropped by …`, a line a pair that changed. */
export function reachabilityLines(changes: readonly ReachabilityChange[]): string[] {
  return changes.map(({ from, to, isReachable, reason }) =>
    sanitise(`${isReachable ? '● now reaches' : '✖ no longer reaches'}  ${from} → ${targetText(to)}: ${reason}`),
  )
}

/** JUnit XML: a test case a policy, or without policies one a pair. */
export function matrixJunit(cells: readonly MatrixCell[], results: readonly PolicyResult[]): string {
  const cases =
    results.length > 0
      ? results.map(({ text, wants, isKept, reason }) => caseOf(`${wants} ${text}`, isKept ? undefined : reason))
      : cells.map(({ from, to, isAnswered, reason }) =>
          caseOf(`${from} → ${targetText(to)}`, isAnswered ? undefined : reason),
        )
  const failures = cases.filter(({ isFailed }) => isFailed).length
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="tsnet-shoot matrix" tests="${cases.length}" failures="${failures}">`,
    ...cases.map(({ xml }) => xml),
    '</testsuite>',
    '',
  ].join('\n')
}

function caseOf(name: string, failure: string | undefined): { readonly xml: string; readonly isFailed: boolean } {
  const open = `  <testcase classname="reachability" name="${escaped(name)}"`
  if (failure === undefined) return { xml: `${open}/>`, isFailed: false }
  return { xml: `${open}><failure message="${escaped(failure)}"/></testcase>`, isFailed: true }
}

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return sanitise(text).replaceAll(/[&<>"]/g, (character) => XML[character] ?? character)
}
