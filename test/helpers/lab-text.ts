import { readLab } from '../../src/lab/read-lab.ts'
import type { ResolvedLab } from '../../src/lab/resolve/lab-object.ts'
import { resolveLab } from '../../src/lab/resolve/resolve-lab.ts'
import { Complaints, formatProblem } from '../../src/model/file/problem.ts'

/** The lab of a file's text, all choices made; throws its problems. */
export function labOf(text: string, previous?: ResolvedLab): ResolvedLab {
  const { topology, problems } = readLab('lab.yaml', text)
  if (topology === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  const complaints = new Complaints()
  const lab = resolveLab(topology, { complaints, ...(previous === undefined ? {} : { previous }) })
  if (complaints.list.length > 0) throw new Error(complaints.list.map(({ message }) => message).join('\n'))
  return lab
}
