import { only, type Question, type State, type Transition, tell, withEffect } from '../state.ts'
import { removeLab } from './labs.ts'
import { startTrace } from './path.ts'

/** A key while yes or no is asked: only y is yes. */
export function answer(state: State, { yes }: Question, key: string): Transition {
  const answered = { ...state, question: undefined }
  if (key === 'ctrl-c') return withEffect(answered, { type: 'quit' })
  if (key === 'ctrl-l') return withEffect(state, { type: 'redraw' })
  if (key !== 'y' && key !== 'Y') return tell(answered, 'nothing was done', 'faint')
  if (yes.type === 'trace') return startTrace(answered)
  return yes.type === 'quit' ? withEffect(answered, yes) : removeLab(answered, yes.lab)
}

/** What is being built has to be taken back first: that is asked for. */
export function quit(state: State, key: string): Transition {
  const building = [...state.labs.works].filter(([, { kind }]) => kind === 'build').map(([name]) => name)
  if (building.length === 0 || key === 'ctrl-c') return withEffect(state, { type: 'quit' })
  const text = `${building.join(', ')} is being built: take it back and quit?`
  return only({ ...state, question: { text, yes: { type: 'quit' } } })
}
