import { didYouMean } from '../../model/nearest.ts'
import { nameOf } from '../../model/wiring.ts'
import { sanitise } from '../../report/sanitise.ts'
import { COMMANDS, type CommandName } from '../commands-table.ts'
import { ALL, type Scope } from '../place.ts'
import { only, type State, type Transition, tell, withEffect } from '../state.ts'
import { tableOf } from '../table.ts'
import { VIEWS } from '../views/views.ts'
import { captureCommand } from './capture.ts'
import { toScope, toView } from './go.ts'
import { iperfCommand } from './iperf.ts'
import { labCommand, labCompletions } from './labs.ts'
import { freeze, widen } from './look.ts'
import { pathCommand, pathCompletions } from './path.ts'
import { quit } from './question.ts'
import { saveView } from './save.ts'
import { openShell } from './shell.ts'
import { sortBy } from './sort.ts'

type Run = (state: State, argument: string) => Transition

const RUN: Readonly<Record<CommandName, Run>> = {
  ns: toNamespace,
  lab: labCommand,
  path: (state, argument) =>
    argument === '' && state.path.question === undefined
      ? only(toView(inView(state), 'path'))
      : pathCommand(state, argument),
  iperf: iperfCommand,
  capture: captureCommand,
  suspend: (state) => withEffect(state, { type: 'suspend' }),
  sort: sortCommand,
  wide: widen,
  freeze,
  save: saveView,
  shell: openShell,
  help: (state) => only({ ...state, overlay: { kind: 'help', top: 0 } }),
  quit: (state) => quit(state, 'q'),
}

function inView(state: State): State {
  return { ...state, place: { ...state.place, pane: 'view' } }
}

function commandCalled(word: string): CommandName | undefined {
  return COMMANDS.find(({ names }) => (names as readonly string[]).includes(word))?.name
}

export function runCommand(state: State, text: string): Transition {
  const [word = '', ...rest] = text.split(/\s+/)
  if (word === '') return only(state)
  const argument = rest.join(' ')
  const command = commandCalled(word)
  if (command !== undefined) return RUN[command](state, argument)
  const view = VIEWS.find(({ id, title, aliases }) => id === word || title === word || aliases.includes(word))
  if (view !== undefined) {
    const shown = toView(inView(state), view.id)
    return argument === '' ? only(shown) : toNamespace(shown, argument)
  }
  if (scopeCalled(state, text) !== undefined) return toNamespace(state, text)
  return tell(state, unknown(word, [...wordsOf(state)]), 'error')
}

/** What tab offers for the text typed so far, each a whole line. */
export function completionsOf(state: State, text: string): readonly string[] {
  const gap = text.indexOf(' ')
  if (gap < 0) return starting(wordsOf(state), text)
  const word = text.slice(0, gap)
  const rest = text.slice(gap + 1).trimStart()
  return starting(argumentsOf(state, word, rest), rest).map((each) => `${word} ${each}`)
}

function argumentsOf(state: State, word: string, typed: string): readonly string[] {
  const command = commandCalled(word)
  if (command === 'path') return pathCompletions(state, typed)
  if (command === 'lab') return labCompletions(state, typed)
  if (command === 'sort') return tableOf(state).columns.map(({ name }) => name.toLowerCase())
  return command === undefined || command === 'ns' ? [ALL, ...namespaceNames(state)] : []
}

function starting(words: readonly string[], start: string): readonly string[] {
  return [...new Set(words)].filter((word) => word.startsWith(start)).sort()
}

function wordsOf(state: State): readonly string[] {
  return [...VIEWS.map(({ title }) => title), ...COMMANDS.map(({ name }) => name), ALL, ...namespaceNames(state)]
}

function namespaceNames({ host }: State): readonly string[] {
  return host.snapshot.namespaces.map((namespace) => sanitise(nameOf(namespace)))
}

function scopeCalled({ host }: State, name: string): Scope | undefined {
  if (name === ALL) return ALL
  const { namespaces } = host.snapshot
  const found =
    namespaces.find((namespace) => sanitise(nameOf(namespace)) === name) ??
    namespaces.find(({ names }) => names.includes(name)) ??
    namespaces.find(({ inode }) => String(inode) === name)
  return found?.inode
}

function toNamespace(state: State, name: string): Transition {
  const scope = scopeCalled(state, name)
  if (scope !== undefined) return only(toScope(state, scope))
  if (name === '') return only({ ...state, place: { ...state.place, pane: 'namespaces' } })
  return tell(state, unknown(name, namespaceNames(state)), 'error')
}

function sortCommand(state: State, name: string): Transition {
  if (name === '') return sortBy(state, undefined)
  const { columns } = tableOf(state)
  const column = columns.find((each) => each.name.toLowerCase() === name.toLowerCase())
  if (column === undefined)
    return tell(
      state,
      unknown(
        name,
        columns.map((each) => each.name.toLowerCase()),
      ),
      'error',
    )
  const before = state.sorts.get(state.place.view)
  const descending = before?.column === column.name ? !before.descending : column.align === 'right'
  return sortBy(state, { column: column.name, descending })
}

function unknown(word: string, known: readonly string[]): string {
  return `unknown: ${sanitise(word)}${didYouMean(word, known)}`
}
