import type { Command, CommandEntry, OptionSpec, WordKind } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { SHOW_KINDS } from '../report/columns.ts'
import { anyTable } from '../report/tables.ts'
import { Options } from './options.ts'
import { type CommandWords, commandPosition, optionsOf, subcommandOf } from './parse.ts'
import { columnNames } from './show-table.ts'

/** What the last of `words` may become. Nothing for a file name: the shell knows better. */
export async function candidatesFor(
  words: readonly string[],
  entries: readonly CommandEntry[],
  defaultCommand: Command,
): Promise<readonly string[]> {
  const before = words.slice(0, -1)
  const last = words.at(-1) ?? ''
  const candidates = await allCandidates(before, last, entries, defaultCommand)
  return [...new Set(candidates)].filter((each) => each.startsWith(last) && HARMLESS.test(each))
}

/** What a shell does not expand: it puts the word on the command line as it is, and names may be hostile. */
const HARMLESS = /^[\w.:@/+,=-]+$/

async function allCandidates(
  before: readonly string[],
  last: string,
  entries: readonly CommandEntry[],
  defaultCommand: Command,
): Promise<readonly string[]> {
  if (before.includes('--')) return []
  const at = commandPosition(before, optionsOf(defaultCommand))
  const entry = entries.find(({ name }) => name === before[at])
  if (at >= 0 && entry === undefined) return []
  const group = entry === undefined ? defaultCommand : await entry.load()
  const { command, words } = await descend(group, entry === undefined ? before : before.slice(at + 1))
  const options = optionsOf(command)
  const pending = optionWaiting(options, before.at(-1))
  if (pending !== undefined) return valuesOf(pending, before, last)
  if (last.startsWith('-')) return options.map(({ name }) => `--${name}`)
  if (entry === undefined) return namesOf(entries)
  if (command.subcommands !== undefined) return namesOf(command.subcommands)
  const position = positionalsAmong(options, words)
  const spec = command.positionals[position] ?? command.positionals.findLast(({ many }) => many === true)
  return spec === undefined ? [] : valuesOf(spec, before, last)
}

/** A name that is no subcommand leaves nothing to offer: the group has no words of its own. */
async function descend(command: Command, words: readonly string[]): Promise<CommandWords> {
  try {
    return await subcommandOf(command, words)
  } catch (error) {
    if (error instanceof TsnetError) return { command, words }
    throw error
  }
}

function namesOf(entries: readonly CommandEntry[]): readonly string[] {
  return entries.flatMap(({ name, hidden }) => (hidden === true ? [] : [name]))
}

function optionWaiting(options: readonly OptionSpec[], word: string | undefined): OptionSpec | undefined {
  return options.find(
    ({ name, short, argument }) => argument !== undefined && (word === `--${name}` || word === `-${short}`),
  )
}

/** How many words are neither options nor their values. */
function positionalsAmong(options: readonly OptionSpec[], words: readonly string[]): number {
  return words.filter((word, at) => !word.startsWith('-') && optionWaiting(options, words[at - 1]) === undefined).length
}

interface Completable {
  readonly values?: readonly string[]
  readonly completes?: WordKind
}

async function valuesOf(
  { values, completes }: Completable,
  words: readonly string[],
  last: string,
): Promise<readonly string[]> {
  if (completes === 'selector') return selectors(words)
  if (completes === 'lab' || completes === 'lab-file' || completes === 'lab-machine') return labs(completes)
  const choices = completes === 'column' ? columnsFor(words) : (values ?? [])
  // the earlier ones of a list stay in front
  const done = last.slice(0, last.lastIndexOf(',') + 1)
  return choices.map((choice) => done + choice)
}

function columnsFor(words: readonly string[]): readonly string[] {
  return columnNames(anyTable(SHOW_KINDS.find((kind) => words.includes(kind)) ?? 'ns').columns)
}

/** Those that are up; for `lab up` those that come with the program, and for a file the shell knows better. */
async function labs(completes: 'lab' | 'lab-file' | 'lab-machine'): Promise<readonly string[]> {
  if (completes === 'lab-file') return (await import('../lab/built-in-labs.ts')).builtInLabs()
  const names = (await import('../lab/build/lab-state.ts')).listLabs().map(({ name }) => name)
  if (completes === 'lab') return names
  const { machineNames } = await import('../lab/build/lab-machine.ts')
  return names.flatMap((lab) => machineNames(lab).map((name) => `${lab}/${name}`))
}

/** Of the file that `--from` names, if it stands there already. */
async function selectors(words: readonly string[]): Promise<readonly string[]> {
  const { readFacts } = await import('./facts.ts')
  const { knownSelectors } = await import('../model/select.ts')
  const from = words[words.indexOf('--from') + 1]
  const given = words.includes('--from') && from !== undefined ? [['from', [from]] as const] : []
  try {
    const { snapshot } = await readFacts({ options: new Options(new Map(given)) }, { kinds: [] })
    return knownSelectors(snapshot)
  } catch (error) {
    // an unreadable file: there is nothing to offer, and the line being typed must stay clean
    if (error instanceof TsnetError) return []
    throw error
  }
}
