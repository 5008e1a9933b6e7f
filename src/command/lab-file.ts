import type { Context } from '../command.ts'
import { readLabText } from '../lab/built-in-labs.ts'
import { readLab } from '../lab/read-lab.ts'
import type { ResolvedLab } from '../lab/resolve/lab-object.ts'
import { resolveLab } from '../lab/resolve/resolve-lab.ts'
import { Complaints, formatProblem, type Problem } from '../model/file/problem.ts'

/** A lab file without errors. */
export interface GoodLab {
  readonly file: string
  /** All choices made; for a lab that is up, the same as last time. @throws BadLab when none is left */
  resolve(previous?: ResolvedLab): ResolvedLab
}

/** Problems are told already; the exit status is 2. */
export class BadLab extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

/**
 * Reads a built-in lab or a lab file; warnings go to stderr.
 *
 * @throws BadLab with all that is wrong in it, TsnetError when there is no such lab or file
 */
export function loadLab({ output }: Pick<Context, 'output'>, nameOrFile: string): GoodLab {
  const { file, text } = readLabText(nameOrFile)
  const { topology, problems, locate } = readLab(file, text)
  if (topology === undefined) throw new BadLab(problems)
  for (const problem of problems) output.note(formatProblem(problem))
  const resolve = (previous?: ResolvedLab): ResolvedLab => {
    const complaints = new Complaints()
    const resolved = resolveLab(topology, { complaints, ...(previous === undefined ? {} : { previous }) })
    if (complaints.list.length > 0) throw new BadLab(complaints.list.map(locate))
    return resolved
  }
  return { file, resolve }
}

/** Runs a command that reads a lab file, and tells what is wrong with it, a line each. */
export async function withLabFile(context: Context, action: () => Promise<number>): Promise<number> {
  const { options, output } = context
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof BadLab)) throw error
    if (options.has('json')) output.json({ problems: error.problems })
    else for (const problem of error.problems) output.note(formatProblem(problem))
    return 2
  }
}
