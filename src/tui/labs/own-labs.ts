import { TsnetError } from '../../errors.ts'
import { missingCapabilities } from '../../kernel/capabilities.ts'
import { listLabs, readBuiltLab } from '../../lab/build/lab-state.ts'
import { builtInLabs, readLabText } from '../../lab/built-in-labs.ts'
import { readLab } from '../../lab/read-lab.ts'
import { resolveLab } from '../../lab/resolve/resolve-lab.ts'
import { Complaints } from '../../model/file/problem.ts'
import { describeLab } from './describe-lab.ts'
import type { Lab, LabDescription, LabList } from './lab.ts'

/** Those that come with the program, and those of which there is something, by name. */
export function listOwnLabs(): LabList {
  const builtIn = builtInLabs()
  const present = new Map(listLabs().map(({ name, condition }) => [name, condition]))
  const names = [...new Set([...builtIn, ...present.keys()])].sort()
  const labs = names.map(
    (name): Lab => ({ name, condition: present.get(name) ?? 'absent', builtIn: builtIn.includes(name) }),
  )
  const missing = missingCapabilities(['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'])
  if (missing.length === 0) return { labs }
  return { labs, obstacle: `a lab needs ${missing.join(' and ')}: start tsnet-shoot as root` }
}

/**
 * As it was built, or as its file says.
 *
 * @throws TsnetError `usage` when there is no such lab, `input` when its file is wrong
 */
export function describeOwnLab(name: string): LabDescription {
  if (!builtInLabs().includes(name)) return describeLab(readBuiltLab(name).resolved)
  const { file, text } = readLabText(name)
  const { topology, problems } = readLab(file, text)
  if (topology === undefined) throw new TsnetError('input', `${file}: ${problems[0]?.message ?? 'unreadable'}`)
  return describeLab(resolveLab(topology, { complaints: new Complaints() }))
}
