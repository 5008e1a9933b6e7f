import type { Examination, Finding, FindingFix, Severity, Unchecked } from '../model/finding.ts'
import { shellLine } from '../model/finding.ts'
import { groupBy } from '../model/wiring.ts'
import { sanitise } from './sanitise.ts'

const MARKS: Readonly<Record<Severity, string>> = { error: '✖', warning: '▲', info: '●' }
const COLOURS: Readonly<Record<Severity, number>> = { error: 31, warning: 33, info: 36 }

export interface FindingTextOptions {
  readonly colour: boolean
}

/**
 * Findings for people:
 * ```
 * ✖ ip-forward-off: host does not forward: net.ipv4.ip_forward is 0
 *     net.ipv4.ip_forward = 0 in host
 *     Without forwarding every packet that is not for host itself ends there…
 *     so:  web → the outside: the packet does not arrive
 *     fix: sysctl -w net.ipv4.ip_forward=1   (in host)
 * ```
 */
export function findingLines({ findings, predicted }: Examination, options: FindingTextOptions): string[] {
  return [...findings.flatMap((finding) => [...oneFinding(finding, options), '']), countLine(findings, predicted)]
}

function oneFinding(finding: Finding, { colour }: FindingTextOptions): string[] {
  const { id, severity, title, evidence, cause, fix, consequences = [] } = finding
  const mark = colour ? `\x1b[${COLOURS[severity]}m${MARKS[severity]}\x1b[0m` : MARKS[severity]
  return [
    `${mark} ${sanitise(`${id}: ${title}`)}`,
    ...evidence.map((text) => sanitise(`    ${text}`)),
    sanitise(`    ${cause}`),
    ...consequences.slice(0, MOST).map((text) => sanitise(`    so:  ${text}`)),
    ...(consequences.length > MOST ? [`    so:  and ${consequences.length - MOST} more`] : []),
    ...(fix === undefined ? [] : fixLines(fix)),
  ]
}

/** Consequences that are shown. */
const MOST = 5

function fixLines({ steps, warning }: FindingFix): string[] {
  return [
    ...steps.map(({ words, name }, position) =>
      sanitise(`    ${position === 0 ? 'fix:' : '    '} ${shellLine(words)}   (in ${name})`),
    ),
    ...(warning === undefined ? [] : [sanitise(`         ▲ ${warning}`)]),
  ]
}

function countLine(findings: readonly Finding[], predicted: string | undefined): string {
  const said = predicted === undefined ? '' : ` (${predicted})`
  if (findings.length === 0) return `● nothing found${said}`
  const counts = [...groupBy(findings, ({ severity }) => severity)].map(
    ([severity, all]) => `${all.length} ${severity}${all.length === 1 || severity === 'info' ? '' : 's'}`,
  )
  return `${counts.join(', ')}${said}; tsnet-shoot doctor explain ID tells more`
}

/** What could not be checked, a line a reason. */
export function uncheckedLines(unchecked: readonly Unchecked[]): string[] {
  const groups = groupBy(unchecked, ({ reason, hint }) => (hint === undefined ? reason : `${reason} (${hint})`))
  return [...groups].map(([reason, all]) => {
    const names = all.slice(0, 4).map(({ subject }) => subject)
    const more = all.length > names.length ? ` and ${all.length - names.length} more` : ''
    return `▲ not checked: ${names.join(', ')}${more}: ${reason}`
  })
}

/** Where a step is to be run, as a selector of this program. */
export type StepSelector = (step: FindingFix['steps'][number]) => string

/** A script of all fixes: nothing is run by printing it. */
export function fixScript(findings: readonly Finding[], selectorOf: StepSelector): string {
  const fixed = findings.filter(({ fix }) => fix !== undefined)
  const left = findings.filter(({ fix }) => fix === undefined)
  const blocks = fixed.flatMap((finding) => scriptBlock(finding, selectorOf))
  const rest = left.map(({ id, title }) => comment(`no command cures ${id}: ${title}`))
  return `${['#!/bin/sh', '# Written by tsnet-shoot doctor --fix; read it before you run it.', 'set -e', ...blocks, ...rest].join('\n')}\n`
}

function scriptBlock({ id, severity, title, fix }: Finding, selectorOf: StepSelector): string[] {
  if (fix === undefined) return []
  const { steps, summary, warning } = fix
  return [
    '',
    comment(`${severity} ${id}: ${title}`),
    comment(summary),
    ...(warning === undefined ? [] : [comment(`careful: ${warning}`)]),
    ...steps.map((step) => shellLine(['tsnet-shoot', 'enter', selectorOf(step), '--', ...step.words])),
  ]
}

/** One line, whatever is in the text. */
function comment(text: string): string {
  return `# ${sanitise(text).replaceAll(/[\r\n]/g, ' ')}`
}
