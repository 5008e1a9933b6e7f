import type { CheckResult } from '../model/check.ts'
import { placeOf } from './check-text.ts'
import { sanitise } from './sanitise.ts'

const LEVELS = { error: 'error', warning: 'warning', info: 'notice' } as const

/** Workflow commands of GitHub Actions: an annotation in the file for each check that did not pass. */
export function checkGithub({ results }: { readonly results: readonly CheckResult[] }): string {
  return results
    .filter(({ verdict }) => verdict === 'failed' || verdict === 'untested')
    .map((result) => {
      const { verdict, severity, name, detail = '' } = result
      const { file, line, column } = placeOf(result)
      const level = verdict === 'untested' ? 'warning' : LEVELS[severity]
      const properties = { file, line: String(line), col: String(column), title: name }
      const texts = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`)
      return `::${level} ${texts.join(',')}::${escapeData(verdict === 'untested' ? `not tested: ${detail}` : detail)}\n`
    })
    .join('')
}

function escapeData(text: string): string {
  return sanitise(text).replaceAll('%', '%25')
}

/** Properties end at a comma, and all of them at a colon. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
