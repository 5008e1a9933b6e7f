import { didYouMean } from '../../model/nearest.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { Lab, LabProgress, Labs, LabWork, LabWorkKind } from '../labs/lab.ts'
import { selectedItem } from '../selection.ts'
import { type Event, only, type State, type Transition, tell } from '../state.ts'
import { goAside } from './go.ts'
import { moveBy } from './move.ts'

/** The key for it; elsewhere it says where it belongs. */
export function buildSelected(state: State): Transition {
  const name = selectedLab(state)
  return name === undefined ? elsewhere(state, 'u builds') : buildLab(pinned(state), name)
}

export function removeSelected(state: State): Transition {
  const name = selectedLab(state)
  return name === undefined ? elsewhere(state, 'x removes') : askToRemove(pinned(state), name)
}

/** The row stays selected when a filter that led to it is cleared. */
function pinned(state: State): State {
  return moveBy(state, 0).state
}

function elsewhere(state: State, what: string): Transition {
  return tell(state, `${what} the lab of the selected row in view labs — :lab goes there`, 'faint')
}

function selectedLab(state: State): string | undefined {
  const item = state.place.view === 'labs' ? selectedItem(state) : undefined
  return item === undefined ? undefined : (item.object as Lab).name
}

/** `:lab`, `:lab up NAME`, `:lab down NAME`. */
export function labCommand(state: State, argument: string): Transition {
  const [action = '', name = '', ...rest] = argument.split(/\s+/)
  const shown = goAside(state, { scope: state.place.scope, view: 'labs', pane: 'view' })
  if (action === '') return only(state.place.view === 'labs' && state.place.pane === 'view' ? state : shown)
  if (!(action === 'up' || action === 'down') || name === '' || rest.length > 0) {
    return tell(state, 'lab: lists them; lab up NAME builds one, lab down NAME removes it', 'error')
  }
  const known = state.labs.list?.labs.map((lab) => lab.name)
  if (known !== undefined && !known.includes(name)) {
    return tell(state, `no such lab: ${sanitise(name)}${didYouMean(name, known)}`, 'error')
  }
  // the first word of an option of ours would be taken for one
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return tell(state, `no name of a lab: ${sanitise(name)}`, 'error')
  return action === 'up' ? buildLab(withRow(shown, name), name) : askToRemove(withRow(shown, name), name)
}

/** The view with the row selected, as soon as it is there. */
function withRow(state: State, name: string): State {
  const key = `${state.place.view}/${state.place.scope}`
  return { ...state, cursors: new Map(state.cursors).set(key, { id: `lab ${name}`, position: 0, offset: 0 }) }
}

/** What tab offers after `lab `. */
export function labCompletions({ labs }: State, typed: string): readonly string[] {
  if (!typed.includes(' ')) return ['up', 'down']
  const all = labs.list?.labs ?? []
  return all.map(
    ({ name, condition }) => `${condition === 'absent' || condition === 'unfinished' ? 'up' : 'down'} ${name}`,
  )
}

function buildLab(state: State, name: string): Transition {
  if (conditionOf(state, name) === 'up') return tell(state, `${name} is up already: x removes it`, 'warning')
  return start(state, 'build', name)
}

function askToRemove(state: State, name: string): Transition {
  const refused = refusal(state, name)
  if (refused !== undefined) return refused
  if (conditionOf(state, name) === 'absent') return tell(state, `${name} is not up: u builds it`, 'warning')
  return only({
    ...state,
    question: { text: `remove lab ${name}, and end what runs in it?`, yes: { type: 'remove-lab', lab: name } },
  })
}

export function removeLab(state: State, name: string): Transition {
  return start(state, 'remove', name)
}

function conditionOf({ labs }: State, name: string): Lab['condition'] | undefined {
  return labs.list?.labs.find((lab) => lab.name === name)?.condition
}

function refusal(state: State, name: string): Transition | undefined {
  const { works, list, problem } = state.labs
  const work = works.get(name)
  if (work !== undefined) {
    const way = work.kind === 'build' && !work.stopping ? ': esc takes back what is built' : ''
    return tell(state, `${name} is ${work.kind === 'build' ? 'being built' : 'going down'}${way}`, 'warning')
  }
  const obstacle = list?.obstacle ?? problem
  return obstacle === undefined ? undefined : tell(state, obstacle, 'error')
}

function start(state: State, kind: LabWorkKind, name: string): Transition {
  const refused = refusal(state, name)
  if (refused !== undefined) return refused
  const work: LabWork = { kind, done: 0, total: 0, what: '', stopping: false }
  return { state: withWork(state, name, work), effects: [{ type: 'lab', kind, lab: name }] }
}

function withWork(state: State, name: string, work: LabWork | undefined): State {
  const works = new Map(state.labs.works)
  if (work === undefined) works.delete(name)
  else works.set(name, work)
  return withLabs(state, { works })
}

function withLabs(state: State, some: Partial<Labs>): State {
  return { ...state, labs: { ...state.labs, ...some } }
}

/** esc on a lab that is being built: nothing is left half-way. Nothing when esc is for something else. */
export function stopSelected(state: State): Transition | undefined {
  const name = selectedLab(state)
  const work = name === undefined ? undefined : state.labs.works.get(name)
  if (name === undefined || work === undefined || work.kind !== 'build' || work.stopping) return undefined
  const stopping = withWork(state, name, { ...work, stopping: true })
  return {
    state: { ...stopping, notice: { text: `${name}: stopped; what is built of it is taken back`, tone: 'warning' } },
    effects: [{ type: 'stop-lab', lab: name }],
  }
}

/** What the world says about labs. */
export function adoptLabs(state: State, event: Extract<Event, { readonly type: 'labs' }>): State {
  if ('problem' in event) return withLabs(state, { problem: event.problem })
  const { obstacle } = event.list
  const next = withLabs(state, { list: event.list, problem: undefined })
  if (obstacle === undefined || state.labs.list?.obstacle === obstacle) return next
  return { ...next, notice: { text: obstacle, tone: 'warning' } }
}

export function adoptDescription(
  state: State,
  { lab, description }: Extract<Event, { readonly type: 'lab-description' }>,
): State {
  return withLabs(state, { descriptions: new Map(state.labs.descriptions).set(lab, description) })
}

export function adoptProgress(state: State, name: string, progress: LabProgress): State {
  const work = state.labs.works.get(name)
  return work === undefined ? state : withWork(state, name, { ...work, ...progress })
}

/** The list was read again just before: it tells what a build that was stopped has come to. */
export function endWork(state: State, { lab, problem }: Extract<Event, { readonly type: 'lab-end' }>): Transition {
  const work = state.labs.works.get(lab)
  const without = withWork(state, lab, undefined)
  if (work === undefined) return only(without)
  const condition = conditionOf(state, lab)
  if (work.stopping && condition === 'up') return tell(without, `${lab} is up: it was built before it was stopped`)
  if (work.stopping && condition === 'absent') {
    return tell(without, `${lab}: stopped, and what was built of it is taken back`)
  }
  if (problem !== undefined) return tell(without, problem.includes(lab) ? problem : `${lab}: ${problem}`, 'error')
  return tell(without, work.kind === 'build' ? `${lab} is up` : `${lab} is removed`, 'good')
}
