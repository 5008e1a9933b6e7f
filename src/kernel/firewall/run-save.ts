import { type NamespacePath, runTool } from '../run.ts'
import { type SavedRules, type SaveOrigin, SaveParser } from './save-parser.ts'

/** One listing: 700,000 rules take about 5 s and 70 MB. */
export const limits = { deadlineMs: 60_000, maxOutputBytes: 1 << 30 } as const

/**
 * Runs a save tool with counters in a namespace; addresses and ports stay numbers.
 *
 * @throws TsnetError as {@link runTool}; `failed` when the output is not a listing
 */
export async function runSave(
  command: string,
  origin: SaveOrigin,
  where: { readonly namespace: NamespacePath; readonly package: string },
): Promise<SavedRules> {
  const parser = new SaveParser(origin)
  await runTool(command, ['-c'], { ...limits, ...where, onOutput: (chunk) => parser.push(chunk) })
  return parser.finish()
}
