import type { Examination, FindingPage } from '../../model/finding.ts'
import type { Journey } from '../../model/journey.ts'
import { legsOf } from '../../model/journey-legs.ts'
import type { Trace } from '../../model/trace.ts'
import { type Asked, NOT_ASKED, type Outcome } from '../asks/ask.ts'
import type { MatrixAnswer } from '../matrix/matrix.ts'
import { pathKey } from '../path/path.ts'
import { type Event, only, type State, type Transition, tell } from '../state.ts'

/** Another process is at work on it. */
export function adoptAsking(state: State, { kind, key }: Extract<Event, { readonly type: 'asking' }>): State {
  const asking = <Answer>(asked: Asked<Answer>): Asked<Answer> => ({ ...asked, key, isAsking: true })
  switch (kind) {
    case 'path':
      return { ...state, path: { ...state.path, predicted: asking(state.path.predicted) } }
    case 'trace':
      return { ...state, path: { ...state.path, trace: asking(state.path.trace) } }
    case 'matrix':
      return { ...state, matrix: { ...state.matrix, asked: asking(state.matrix.asked) } }
    case 'doctor':
      return { ...state, doctor: { ...state.doctor, asked: asking(state.doctor.asked) } }
    case 'pages':
      return state
  }
}

/** Of a question that is no longer asked the answer is nothing. */
export function adoptAnswer(
  state: State,
  { kind, key, outcome }: Extract<Event, { readonly type: 'answer' }>,
): Transition {
  switch (kind) {
    case 'path':
      return only(key === pathKey(state.path) ? adoptJourney(state, outcome) : state)
    case 'trace':
      return key === state.path.trace.key ? adoptTrace(state, outcome) : only(state)
    case 'matrix':
      return only({ ...state, matrix: { ...state.matrix, asked: answered<MatrixAnswer>(key, outcome) } })
    case 'doctor':
      return only({ ...state, doctor: { ...state.doctor, asked: examined(state, key, outcome) } })
    case 'pages':
      return only({ ...state, doctor: { ...state.doctor, pages: pagesOf(outcome) } })
  }
}

/** What this program printed itself is of the type that it prints. */
function answered<Answer>(key: string, outcome: Outcome): Asked<Answer> {
  if ('problem' in outcome) return { key, problem: outcome.problem, isAsking: false }
  return { key, answer: outcome.value as Answer, isAsking: false }
}

/** What was known before stays when it cannot be asked again. */
function examined({ doctor }: State, key: string, outcome: Outcome): Asked<Examination> {
  const next = answered<Examination>(key, outcome)
  const { answer } = doctor.asked
  if (next.answer === undefined) return answer === undefined ? next : { ...next, answer }
  // the same findings stay the same object: nothing on the screen changes
  return answer !== undefined && JSON.stringify(answer) === JSON.stringify(next.answer) ? { ...next, answer } : next
}

function adoptJourney(state: State, outcome: Outcome): State {
  const { path } = state
  const predicted = answered<Journey>(pathKey(path), outcome)
  const old = path.predicted.answer
  const hasChanged = old !== undefined && predicted.answer !== undefined && wayText(old) !== wayText(predicted.answer)
  if (!hasChanged) return { ...state, path: { ...path, predicted } }
  // what was seen before belongs beside the journey of before
  const trace = path.trace.answer === undefined ? path.trace : { ...NOT_ASKED, key: path.trace.key, problem: 'over' }
  return { ...state, path: { ...path, predicted, trace, before: old } }
}

/** What makes a journey another one: what becomes of the packet, where, and the way there. */
function wayText(journey: Journey): string {
  return JSON.stringify(
    legsOf(journey).map(({ verdict, reason, where, hops }) => [
      verdict,
      reason,
      where?.text,
      hops.map(({ namespace, stage, subject }) => [namespace, stage, subject]),
    ]),
  )
}

function adoptTrace(state: State, outcome: Outcome): Transition {
  const { path } = state
  const trace = answered<Trace>(path.trace.key, outcome)
  const next = { ...state, path: { ...path, trace } }
  if (trace.problem !== undefined) return tell(next, `trace: ${trace.problem}`, 'error')
  return only(next)
}

function pagesOf(outcome: Outcome): ReadonlyMap<string, FindingPage> {
  const pages = 'value' in outcome && Array.isArray(outcome.value) ? (outcome.value as readonly FindingPage[]) : []
  return new Map(pages.map((page) => [page.id, page]))
}
