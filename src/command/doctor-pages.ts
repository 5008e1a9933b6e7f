import { findingPages } from '../checks/doctor/checks.ts'
import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { pageText } from '../report/finding-page.ts'

/** `doctor explain [ID]`: a page, or all of them. */
export async function explainFinding({ positionals, options, output }: Context): Promise<number> {
  const [wanted] = positionals
  const pages = findingPages()
  const page = pages.find(({ id }) => id === wanted) ?? pages.find(({ id }) => id === familyOf(wanted ?? ''))
  if (wanted !== undefined && page === undefined) {
    const ids = pages.map(({ id }) => id)
    throw new TsnetError('usage', `explain ${wanted}: no such finding${didYouMean(wanted, ids)}`, {
      hint: 'tsnet-shoot doctor ls lists them',
    })
  }
  const chosen = page === undefined ? pages : [page]
  if (options.has('json')) output.json(page ?? pages)
  else output.write(chosen.map(pageText).join('\n'))
  return 0
}

/** Ids of findings that share a page, by how they begin. */
const FAMILIES: Readonly<Record<string, string>> = {
  'unreachable-': 'unreachable',
  'blocked-by-rule': 'unreachable',
  'blocked-by-policy': 'forward-policy-drop',
  'limit-': 'limits',
}

function familyOf(id: string): string | undefined {
  return Object.entries(FAMILIES).find(([prefix]) => id.startsWith(prefix))?.[1]
}

/** `doctor ls`: what is looked for. */
export async function listFindings({ options, output }: Context): Promise<number> {
  const pages = findingPages()
  if (options.has('json')) output.json(pages.map(({ id, title }) => ({ id, title })))
  else {
    const width = Math.max(...pages.map(({ id }) => id.length))
    output.write(pages.map(({ id, title }) => `${id.padEnd(width)}  ${title}\n`).join(''))
  }
  return 0
}
