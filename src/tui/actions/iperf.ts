import type { Namespace } from '../../model/snapshot.ts'
import { namespaceCalled, wordOf } from '../path/ends.ts'
import { only, type State, type Transition, tell, withEffect } from '../state.ts'
import { endsOf } from './path.ts'

/** i: the rate between the marked ends, or those of the path shown; options are typed behind. */
export function offerIperf(state: State): Transition {
  const [from, to] = measuredEnds(state)
  if (from === undefined || to === undefined) {
    return tell(state, 'mark two namespaces with space, or :iperf FROM TO', 'faint')
  }
  const { snapshot } = state.host
  const text = `iperf ${wordOf(snapshot, from)} ${wordOf(snapshot, to)} --duration 10 `
  return only({ ...state, prompt: { kind: 'command', text, before: '', candidates: [], chosen: -1 } })
}

function measuredEnds(state: State): readonly (Namespace | undefined)[] {
  const { path, place, host } = state
  const { question, predicted } = path
  if (place.view !== 'path' || question === undefined) return endsOf(state)
  const last = predicted.answer?.verdict === 'delivered' ? predicted.answer.hops.at(-1)?.namespace : undefined
  const to = host.snapshot.namespaces.find(({ inode }) => inode === last)
  const from = namespaceCalled(host.snapshot, question.source)
  return from === undefined || to === undefined || from === to ? endsOf(state) : [from, to]
}

const USAGE = 'iperf FROM TO [-R] [-u -b 500M] [-t SECONDS] [-P STREAMS]: -R the server sends, -u UDP'

/** `:iperf web db -R`: this program's own command, with all its options. */
export function iperfCommand(state: State, argument: string): Transition {
  const [from = '', to = '', ...options] = argument.split(/\s+/)
  if (from === '' || to === '' || from.startsWith('-') || to.startsWith('-')) return tell(state, USAGE, 'error')
  if (state.host.status === 'saved') {
    return tell(state, 'this is a saved snapshot: only a live host can be measured', 'warning')
  }
  const selector = (word: string): string => {
    const found = namespaceCalled(state.host.snapshot, word)
    return found === undefined ? word : `inode:${found.inode}`
  }
  return withEffect(state, { type: 'run', words: ['iperf', selector(from), selector(to), ...options] })
}
