import type { Context } from '../command.ts'
import { enterNamespace } from '../kernel/enter.ts'
import { readFacts } from './facts.ts'
import { Options } from './options.ts'

export interface Entry {
  readonly selector: string
  /** Empty: a shell. */
  readonly command: readonly string[]
  /** All namespaces of the first process in it. */
  readonly all: boolean
}

/** Runs a command or a shell inside the namespace that a selector means; its exit status. */
export async function enterSelected(
  { options }: Pick<Context, 'options'>,
  { selector, command, all }: Entry,
): Promise<number> {
  const selected = new Map([
    ['netns', [selector]],
    ['docker-socket', options.list('docker-socket')],
  ])
  const { namespaces } = await readFacts({ options: new Options(selected) }, { kinds: [] })
  const [namespace] = namespaces
  if (namespace === undefined) return 4
  // the shell of this host need not exist among the files of a container
  const shell = (all ? undefined : process.env['SHELL']) || '/bin/sh'
  return enterNamespace(namespace, command.length > 0 ? command : [shell], { all })
}
