import type { Examination, Finding, FindingFix, Severity } from '../../model/finding.ts'
import { shellLine } from '../../model/finding.ts'
import { uncheckedLines } from '../findings.ts'
import { escapeHtml } from './escape.ts'
import type { ReportIndex } from './report-data.ts'

const MARKS: Readonly<Record<Severity, string>> = { error: '✖', warning: '▲', info: '●' }

/** What is wrong, worst first: each with its evidence, which leads to its row in the tables, and what cures it. */
export function findingSection({ findings, unchecked, predicted }: Examination, index: ReportIndex): string {
  const said = predicted === undefined ? '' : `<p class="quiet">${escapeHtml(predicted)}</p>`
  const missing = uncheckedLines(unchecked).map((line) => `<li>${escapeHtml(line)}</li>`)
  return [
    '<section id="findings"><h2>Findings</h2>',
    findings.length === 0 ? '<p>● nothing found</p>' : '',
    ...findings.map((finding, position) => findingHtml(finding, position, index)),
    said,
    missing.length === 0 ? '' : `<ul class="quiet">${missing.join('')}</ul>`,
    '</section>',
  ].join('\n')
}

function findingHtml(finding: Finding, position: number, index: ReportIndex): string {
  const { id, severity, title, evidence, places, cause, fix, consequences = [], namespace, host = 0 } = finding
  const number = index.numberOf(host, namespace)
  const where = number === undefined ? '' : ` <a href="#ns-${number}">its tables</a>`
  const proofs = evidence.map((text, at) => {
    const href = index.hrefOf(places[at])
    const shown = escapeHtml(text)
    return `<li><code>${href === undefined ? shown : `<a href="${escapeHtml(href)}">${shown}</a>`}</code></li>`
  })
  return [
    `<article class="finding ${severity}" id="finding-${position}">`,
    `<h3><span class="mark">${MARKS[severity]} ${severity}</span> ${escapeHtml(title)}</h3>`,
    `<p class="quiet"><code>${escapeHtml(id)}</code>${where}</p>`,
    `<ul>${proofs.join('')}</ul>`,
    `<p>${escapeHtml(cause)}</p>`,
    consequencesHtml(consequences),
    fix === undefined ? '' : fixHtml(fix),
    '</article>',
  ].join('')
}

function consequencesHtml(consequences: readonly string[]): string {
  if (consequences.length === 0) return ''
  const items = consequences.map((text) => `<li>${escapeHtml(text)}</li>`).join('')
  const word = consequences.length === 1 ? 'One thing follows' : `${consequences.length} things follow`
  return `<details><summary>${word} from it</summary><ul>${items}</ul></details>`
}

function fixHtml({ steps, summary, warning }: FindingFix): string {
  const lines = steps.map(
    ({ words, name }) =>
      `<code class="step">${escapeHtml(shellLine(words))}</code> <span class="quiet">in ${escapeHtml(name)}</span>`,
  )
  const careful = warning === undefined ? '' : `<p>▲ ${escapeHtml(warning)}</p>`
  return `<div class="fix"><p>Fix: ${escapeHtml(summary)}</p><ol>${lines.map((line) => `<li>${line}</li>`).join('')}</ol>${careful}</div>`
}
