import { readFileSync, statSync } from 'node:fs'
import type { Check } from '../checks/file/check.ts'
import { readCheckFiles } from '../checks/file/read-check-files.ts'
import { RESOURCES } from '../checks/file/resources.ts'
import type { Variables } from '../checks/file/template.ts'
import type { Context } from '../command.ts'
import { messageOf, TsnetError } from '../errors.ts'
import type { FactsSource } from '../health/facts-source.ts'
import { MAX_FILE_BYTES, parseYamlFile } from '../model/file/document.ts'
import { formatProblem, type Problem } from '../model/file/problem.ts'
import { KINDS, type Kind } from '../model/snapshot.ts'
import { readFacts } from './facts.ts'
import { readPairs } from './option-values.ts'
import { Options } from './options.ts'

/** Problems of check files, told already or about to be; exit status 2. */
export class BadChecks extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

/**
 * The checks of the files that a command line names, with those that they include.
 *
 * @throws BadChecks with all that is wrong with them, TsnetError `input` for a file that cannot be read
 */
export function loadChecks({ positionals, options }: Pick<Context, 'positionals' | 'options'>): readonly Check[] {
  const { checks, problems } = readCheckFiles(positionals, { read: readText, variables: variablesOf(options) })
  if (checks === undefined) throw new BadChecks(problems)
  return checks
}

/** Runs something that reads check files, and tells what is wrong with them, a line each. */
export async function withCheckFiles(context: Context, action: () => Promise<number>): Promise<number> {
  const { options, output } = context
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof BadChecks)) throw error
    if (options.has('json')) output.json({ problems: error.problems })
    else for (const problem of error.problems) output.note(formatProblem(problem))
    return 2
  }
}

function readText(path: string): string {
  try {
    if (path === '-') return readFileSync(0, 'utf8')
    const stat = statSync(path)
    if (!stat.isFile() && !stat.isFIFO()) throw new Error('not a file')
    // what is larger is refused with a place in it, and need not be read for that
    return stat.size > MAX_FILE_BYTES ? ' '.repeat(MAX_FILE_BYTES + 1) : readFileSync(path, 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : messageOf(cause)
    throw new TsnetError('input', `${path === '-' ? 'stdin' : path}: ${reason}`, { cause })
  }
}

/** Of `--vars FILE` and, before them, `--set NAME=VALUE`. */
function variablesOf(options: Options): Variables {
  const given = readPairs(options, 'set')
  const files = options.list('vars').map(readVariables)
  return Object.assign({}, ...files, given) as Variables
}

/** A file that is nothing but variables: checked as the `vars` of a check file, in place. */
function readVariables(file: string): Variables {
  const text = readText(file)
  const indented = text.replace(/^(?=.)/gm, ' ')
  const { problems } = readCheckFiles([file], { read: () => `vars:\n${indented}` })
  if (problems.length > 0) {
    throw new BadChecks(
      problems.map((each) => ({ ...each, line: Math.max(1, each.line - 1), column: Math.max(1, each.column - 1) })),
    )
  }
  return parseVariables(file, indented)
}

function parseVariables(file: string, indented: string): Variables {
  const { document } = parseYamlFile(file, indented)
  return (document?.value ?? {}) as Variables
}

/** This host, or a saved snapshot; of it what the checks need. */
export function factsFor(checks: readonly Check[], { options }: Pick<Context, 'options'>): FactsSource {
  const kinds = kindsOf(checks)
  const connections = checks.some(({ resource }) => resource === 'conntrack' || resource === 'path')
  const from = options.text('from')
  const own = new Options(
    new Map([
      ['docker-socket', options.list('docker-socket')],
      ['from', from === undefined ? [] : [from]],
    ]),
  )
  return { isLive: from === undefined, read: () => readFacts({ options: own }, { kinds, connections }) }
}

function kindsOf(checks: readonly Check[]): readonly Kind[] {
  const wanted = new Set(checks.flatMap(({ resource }) => RESOURCES[resource].kinds))
  // the address of what is meant may be asked for
  if (checks.some(({ each }) => each !== undefined)) for (const kind of ['links', 'addrs'] as const) wanted.add(kind)
  return KINDS.filter((kind) => wanted.has(kind))
}
