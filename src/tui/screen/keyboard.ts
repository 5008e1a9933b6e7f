/**
 * What a terminal sends for keys, turned into names: `j`, `J`, `enter`, `esc`, `ctrl-f`, `up`, `wheel-down`…
 *
 * Sources: ECMA-48 §5.4 (CSI), xterm's ctlseqs ("PC-Style Function Keys", "Extended coordinates" 1006 for the mouse).
 */
export type Key = string

export interface Decoded {
  readonly keys: readonly Key[]
  /** The start of a sequence that is not complete yet; to be put before the next chunk. */
  readonly rest: string
}

/** Final bytes and parameters after `ESC [` or `ESC O`. */
const SEQUENCES: Readonly<Record<string, Key>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  Z: 'shift-tab',
  '1~': 'home',
  '3~': 'delete',
  '4~': 'end',
  '5~': 'pgup',
  '6~': 'pgdn',
  '7~': 'home',
  '8~': 'end',
}

const CONTROL: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  ' ': 'space',
}

const SEQUENCE = /^\x1b(?:\[([0-9;:<=>?]*)([ -/]*)([@-~])|O([@-~]))/
const UNFINISHED = /^\x1b(?:\[[0-9;:<=>? -/]*|O)?$/
const PASTE = /^\x1b\[20[01]~/

/** Decodes one chunk of input. Unknown sequences are dropped: they are no key that a person meant. */
export function decodeKeys(input: string): Decoded {
  const keys: Key[] = []
  let at = 0
  while (at < input.length) {
    const rest = input.slice(at)
    if (UNFINISHED.test(rest)) return { keys, rest }
    const paste = PASTE.exec(rest)
    const sequence = SEQUENCE.exec(rest)
    if (paste !== null) {
      at += paste[0].length
    } else if (sequence !== null) {
      const key = sequenceKey(sequence)
      if (key !== undefined) keys.push(key)
      at += sequence[0].length
    } else {
      const character = String.fromCodePoint(rest.codePointAt(0) ?? 0)
      keys.push(characterKey(character))
      at += character.length
    }
  }
  return { keys, rest: '' }
}

/** A sequence that stays unfinished is the escape key itself, followed by ordinary characters. */
export function decodeRest(rest: string): readonly Key[] {
  return ['esc', ...decodeKeys(rest.slice(1)).keys]
}

function characterKey(character: string): Key {
  const named = CONTROL[character]
  if (named !== undefined) return named
  if (character === '\x1b') return 'esc'
  const code = character.charCodeAt(0)
  return code < 0x20 ? `ctrl-${String.fromCharCode(code + 0x60)}` : character
}

function sequenceKey(sequence: RegExpExecArray): Key | undefined {
  const [, parameters = '', , final = '', ss3] = sequence
  if (ss3 !== undefined) return SEQUENCES[ss3]
  if (parameters.startsWith('<')) return wheelKey(parameters)
  // a modifier (`ESC [ 1;5 A`) does not change what the key means here
  const first = parameters.split(';')[0] ?? ''
  return SEQUENCES[final === '~' ? `${first}~` : final]
}

/** Button 64 is the wheel up, 65 down; 4, 8 and 16 are added for shift, meta and control. */
function wheelKey(parameters: string): Key | undefined {
  const button = Number(parameters.slice(1).split(';')[0]) & ~28
  if (button === 64) return 'wheel-up'
  return button === 65 ? 'wheel-down' : undefined
}
