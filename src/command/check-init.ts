import { writeFileSync } from 'node:fs'
import { initChecks, lastingNamespaces } from '../checks/init/init-checks.ts'
import type { Context } from '../command.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { KINDS } from '../model/snapshot.ts'
import { noteHidden, readFacts } from './facts.ts'

/** `check init`: a check file of how things are now. */
export async function checkInit(context: Context): Promise<number> {
  const { options, output } = context
  const chosen = options.has('netns')
  const kinds = KINDS.filter((kind) => kind !== 'qdisc' && kind !== 'ipset' && kind !== 'conntrack' && kind !== 'xfrm')
  const { snapshot, namespaces } = await readFacts(context, { kinds, context: ['links', 'addrs'] })
  const own = chosen ? namespaces : lastingNamespaces(snapshot)
  const names = options.has('from') ? [] : await (await import('../health/find-names.ts')).findNames(snapshot, own)
  const text = initChecks(snapshot, { namespaces: own, names, withEngines: !chosen })
  const file = options.text('output')
  if (file === undefined) output.write(text)
  else write(file, text)
  noteHidden(context, snapshot.hidden)
  return 0
}

function write(file: string, text: string): void {
  try {
    // what somebody has adapted is not overwritten
    writeFileSync(file, text, { flag: 'wx' })
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'there is one already' : messageOf(cause)
    throw new TsnetError('input', `write ${file}: ${reason}`, { cause })
  }
}
