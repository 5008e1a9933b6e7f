import { stripVTControlCharacters } from 'node:util'
import { Text } from 'ink'
import { render } from 'ink-testing-library'
import { createElement } from 'react'
import type { HostSnapshot } from '../../src/model/snapshot.ts'
import { App } from '../../src/tui/panels/app.tsx'
import { frameOf as paintFrame } from '../../src/tui/panels/frame.ts'
import { paletteOf } from '../../src/tui/panels/palette.ts'
import { decodeKeys } from '../../src/tui/screen/keyboard.ts'
import { type Effect, type Event, type Host, initialState, type Size, type State } from '../../src/tui/state.ts'
import { update } from '../../src/tui/update.ts'

/** A person at a screen: keys are typed as the bytes that a terminal sends, and the frame is read. */
export interface Session {
  state: State
  readonly effects: Effect[]
  /** Bytes of a terminal: `\r` is enter, `\x1b[B` is down, `\x06` is ctrl-f. */
  type(input: string): Session
  send(event: Event): Session
  /** What is on the screen, colours left out. */
  frame(): string
  /** The one line that has this text. */
  line(text: string): string
}

export const WIDE: Size = { columns: 120, rows: 40 }
export const USUAL: Size = { columns: 80, rows: 24 }
export const NARROW: Size = { columns: 40, rows: 20 }

export function openScreen(snapshot: HostSnapshot, size: Size = WIDE, status: Host['status'] = 'live'): Session {
  const session: Session = {
    state: initialState({ snapshot, status, events: [] }, size, 0),
    effects: [],
    type: (input) => {
      const { keys, rest } = decodeKeys(input)
      for (const key of rest === '' ? keys : [...keys, 'esc']) session.send({ type: 'key', key })
      return session
    },
    send: (event) => {
      const { state, effects } = update(session.state, event)
      session.state = state
      session.effects.push(...effects)
      return session
    },
    frame: () => frameOf(session.state),
    line: (text) => {
      const lines = session.frame().split('\n')
      const found = lines.filter((each) => each.includes(text))
      if (found.length !== 1) throw new Error(`${found.length} lines have ${text}:\n${lines.join('\n')}`)
      return found[0] ?? ''
    },
  }
  return session
}

/** ink-testing-library's terminal is 100 columns wide; ours is as wide as the state says. */
function frameOf(state: State): string {
  const screen = render(createElement(Text, null, ''))
  Object.defineProperty(screen.stdout, 'columns', { value: state.size.columns })
  screen.rerender(createElement(App, { frame: paintFrame(state, paletteOf({})) }))
  const frame = stripVTControlCharacters(screen.lastFrame() ?? '')
  screen.unmount()
  return frame
}
