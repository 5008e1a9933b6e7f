import { parseFilter } from '../filter.ts'
import { filterKey, only, type Prompt, type State, type Transition, tell, withEffect } from '../state.ts'
import { completionsOf, runCommand } from './commands.ts'

/** A key while a command or a filter is typed. */
export function typePrompt(state: State, prompt: Prompt, key: string): Transition {
  switch (key) {
    case 'ctrl-c':
    case 'esc':
      return only(withFilterOf(close(state), prompt, prompt.before))
    case 'enter':
      return accept(state, prompt)
    case 'tab':
      return only(complete(state, prompt, 1))
    case 'shift-tab':
      return only(complete(state, prompt, -1))
    case 'backspace':
      return prompt.text === ''
        ? only(close(state))
        : only(typed(state, prompt, [...prompt.text].slice(0, -1).join('')))
    case 'ctrl-u':
    case 'ctrl-w':
      return only(typed(state, prompt, key === 'ctrl-u' ? '' : prompt.text.replace(/\S*\s*$/, '')))
    case 'ctrl-x':
      return withEffect(state, { type: 'suspend' })
    case 'space':
      return only(typed(state, prompt, `${prompt.text} `))
    default:
      // a name of more than one character is a key that types nothing (arrows, ctrl-…)
      return only([...key].length === 1 ? typed(state, prompt, prompt.text + key) : state)
  }
}

/** Longer lines are no command that a person typed. */
const LONGEST = 200

/** A filter works while it is typed. */
function typed(state: State, prompt: Prompt, text: string): State {
  const next = { ...prompt, text: text.slice(0, LONGEST), candidates: [], chosen: -1 }
  return withFilterOf({ ...state, prompt: next }, next, next.text)
}

function withFilterOf(state: State, prompt: Prompt, text: string): State {
  if (prompt.kind !== 'filter') return state
  const filters = new Map(state.filters)
  if (text === '') filters.delete(filterKey(state))
  else filters.set(filterKey(state), text)
  return { ...state, filters }
}

function accept(state: State, prompt: Prompt): Transition {
  const closed = close(state)
  if (prompt.kind === 'command') return runCommand(closed, prompt.text.trim())
  const filter = parseFilter(prompt.text)
  if (filter !== undefined && 'error' in filter)
    return tell(withFilterOf(closed, prompt, prompt.before), filter.error, 'error')
  return only(closed)
}

/** tab: what all candidates share first, then one after the other. */
function complete(state: State, prompt: Prompt, by: 1 | -1): State {
  if (prompt.kind !== 'command') return state
  const candidates = prompt.candidates.length > 0 ? prompt.candidates : completionsOf(state, prompt.text)
  if (candidates.length === 0) return state
  const common = prompt.candidates.length === 0 ? commonStart(candidates) : ''
  if (common.length > prompt.text.length) {
    const text = candidates.length === 1 ? `${common} ` : common
    return { ...state, prompt: { ...prompt, text: text.trimEnd(), candidates: [], chosen: -1 } }
  }
  const chosen = (prompt.chosen + by + candidates.length) % candidates.length
  return { ...state, prompt: { ...prompt, text: candidates[chosen] ?? prompt.text, candidates, chosen } }
}

function commonStart(words: readonly string[]): string {
  const [first = '', ...rest] = words
  let length = first.length
  for (const word of rest) {
    while (!word.startsWith(first.slice(0, length))) length--
  }
  return first.slice(0, length)
}

function close(state: State): State {
  return { ...state, prompt: undefined }
}
