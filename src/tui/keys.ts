import type { Key } from './screen/keyboard.ts'
import type { ViewId } from './views/view.ts'

export type Action =
  | 'down'
  | 'up'
  | 'page-down'
  | 'page-up'
  | 'first'
  | 'last'
  | 'scroll-down'
  | 'scroll-up'
  | 'left'
  | 'right'
  | 'enter'
  | 'escape'
  | 'back'
  | 'forward'
  | 'next-view'
  | 'previous-view'
  | 'view'
  | 'all'
  | 'command'
  | 'filter'
  | 'help'
  | 'describe'
  | 'json'
  | 'shell'
  | 'mark'
  | 'freeze'
  | 'save'
  | 'wide'
  | 'sort'
  | 'build-lab'
  | 'remove-lab'
  | 'path'
  | 'trace'
  | 'iperf'
  | 'capture'
  | 'flow'
  | 'write'
  | 'detail'
  | 'mtu'
  | 'again'
  | 'faults'
  | 'redraw'
  | 'suspend'
  | 'quit'

export interface KeyBinding {
  readonly action: Action
  readonly keys: readonly Key[]
  /** How the help writes the keys. */
  readonly label: string
  readonly group: 'Move' | 'Go' | 'Look' | 'Do'
  readonly help: string
  /** The word in the line at the bottom, for the keys a beginner needs. */
  readonly hint?: string
  /** The only view in which it does anything. */
  readonly view?: ViewId
}

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9']
/** G is taken by "last row"; `:sort` reaches a column that begins with it. */
const CAPITALS = [...'ABCDEFHIJKLMNOPQRSTUVWXYZ']

/** Every key there is: input, the help and the line at the bottom are made from this table. */
export const KEYS: readonly KeyBinding[] = [
  {
    action: 'enter',
    keys: ['enter'],
    label: 'enter',
    group: 'Go',
    help: 'one step nearer to the object of this row (the line below says which)',
    hint: 'open',
  },
  {
    action: 'escape',
    keys: ['esc'],
    label: 'esc',
    group: 'Go',
    help: 'back out: close, clear the filter, one level up',
    hint: 'back',
  },
  { action: 'back', keys: ['['], label: '[', group: 'Go', help: 'the place before this one' },
  { action: 'forward', keys: [']'], label: ']', group: 'Go', help: 'the place after this one' },
  {
    action: 'next-view',
    keys: ['tab'],
    label: 'tab',
    group: 'Go',
    help: 'next view; where a packet is open: its list, layers, bytes',
    hint: 'view',
  },
  { action: 'previous-view', keys: ['shift-tab'], label: 'shift-tab', group: 'Go', help: 'previous view' },
  { action: 'view', keys: DIGITS, label: '1-9', group: 'Go', help: 'the view with that number' },
  { action: 'all', keys: ['0'], label: '0', group: 'Go', help: 'every namespace at once' },
  {
    action: 'left',
    keys: ['left', 'h'],
    label: '← h',
    group: 'Go',
    help: 'to the namespaces (in the drawing: scroll left)',
  },
  {
    action: 'right',
    keys: ['right', 'l'],
    label: '→ l',
    group: 'Go',
    help: 'to the view (in the drawing: scroll right)',
  },

  {
    action: 'command',
    keys: [':'],
    label: ':',
    group: 'Look',
    help: 'command: a view, a namespace, sort, quit… (tab completes)',
    hint: 'command',
  },
  {
    action: 'filter',
    keys: ['/'],
    label: '/',
    group: 'Look',
    help: 'filter rows by a regular expression; ! in front inverts it',
    hint: 'filter',
  },
  {
    action: 'describe',
    keys: ['d'],
    label: 'd',
    group: 'Look',
    help: 'every field of the row, what it means and why it matters',
    hint: 'describe',
  },
  { action: 'json', keys: ['y'], label: 'y', group: 'Look', help: 'the row as JSON', hint: 'json' },
  { action: 'wide', keys: ['ctrl-w'], label: 'ctrl-w', group: 'Look', help: 'more columns' },
  {
    action: 'sort',
    keys: CAPITALS,
    label: 'shift-letter',
    group: 'Look',
    help: 'sort by the column that begins with the letter; again: the other way, then the next such column',
  },
  {
    action: 'freeze',
    keys: ['ctrl-f'],
    label: 'ctrl-f',
    group: 'Look',
    help: 'freeze what is shown; again: live',
    hint: 'freeze',
  },
  { action: 'help', keys: ['?'], label: '?', group: 'Look', help: 'this help', hint: 'help' },

  {
    action: 'shell',
    keys: ['s'],
    label: 's',
    group: 'Do',
    help: 'a shell in the namespace; leave it to come back',
    hint: 'shell',
  },
  {
    action: 'mark',
    keys: ['space'],
    label: 'space',
    group: 'Do',
    help: 'mark a namespace as source or destination of a path (◆ ◇), any other row for y and ctrl-s',
  },
  {
    action: 'path',
    keys: ['p'],
    label: 'p',
    group: 'Do',
    help: 'the path from the marked source to the marked (or selected) destination, predicted; nothing is sent',
    hint: 'path',
  },
  {
    action: 'trace',
    keys: ['t'],
    label: 't',
    group: 'Do',
    help: 'in view path: the same with a real packet, after a question',
    hint: 'trace',
    view: 'path',
  },
  {
    action: 'iperf',
    keys: ['i'],
    label: 'i',
    group: 'Do',
    help: 'iperf3 between the two marked namespaces, or along the path shown; options are typed behind (-R, -u -b 500M, -t 5)',
  },
  {
    action: 'capture',
    keys: ['c'],
    label: 'c',
    group: 'Do',
    help: 'capture packets on the selected namespace, link, port or hop; in view capture: another filter',
    hint: 'capture',
  },
  {
    action: 'flow',
    keys: ['f'],
    label: 'f',
    group: 'Look',
    help: 'in view capture: only the conversation of this packet, address translation included; again: everything',
    hint: 'flow',
    view: 'capture',
  },
  {
    action: 'write',
    keys: ['w'],
    label: 'w',
    group: 'Do',
    help: 'in view capture: write the packets shown to a pcapng file',
    hint: 'write',
    view: 'capture',
  },
  {
    action: 'detail',
    keys: ['v'],
    label: 'v',
    group: 'Look',
    help: 'in view path: every table, chain, rule, route and entry consulted; again: a line a hop',
    hint: 'details',
    view: 'path',
  },
  {
    action: 'mtu',
    keys: ['m'],
    label: 'm',
    group: 'Look',
    help: 'in view path: what each link on the way takes, and the largest payload that passes',
    hint: 'mtu',
    view: 'path',
  },
  {
    action: 'again',
    keys: ['r'],
    label: 'r',
    group: 'Do',
    help: 'in views path, matrix, doctor and capture: again, from the beginning',
  },
  {
    action: 'faults',
    keys: ['ctrl-z'],
    label: 'ctrl-z',
    group: 'Look',
    help: 'faults only: what carries no ▲ or ✖ is hidden; again: everything',
  },
  {
    action: 'build-lab',
    keys: ['u'],
    label: 'u',
    group: 'Do',
    help: 'in view labs: build the lab; esc takes it back',
    hint: 'build',
    view: 'labs',
  },
  {
    action: 'remove-lab',
    keys: ['x'],
    label: 'x',
    group: 'Do',
    help: 'in view labs: remove the lab, after a question',
    hint: 'remove',
    view: 'labs',
  },
  { action: 'save', keys: ['ctrl-s'], label: 'ctrl-s', group: 'Do', help: 'save this view to a text file' },
  { action: 'redraw', keys: ['ctrl-l'], label: 'ctrl-l', group: 'Do', help: 'draw the screen again' },
  { action: 'suspend', keys: ['ctrl-x'], label: 'ctrl-x', group: 'Do', help: 'back to the calling shell; fg returns' },
  { action: 'quit', keys: ['q', 'ctrl-c'], label: 'q ctrl-c', group: 'Do', help: 'quit', hint: 'quit' },

  { action: 'down', keys: ['down', 'j'], label: '↓ j', group: 'Move', help: 'next row' },
  { action: 'up', keys: ['up', 'k'], label: '↑ k', group: 'Move', help: 'previous row' },
  { action: 'page-down', keys: ['pgdn', 'ctrl-d'], label: 'pgdn ctrl-d', group: 'Move', help: 'a page down' },
  { action: 'page-up', keys: ['pgup', 'ctrl-u'], label: 'pgup ctrl-u', group: 'Move', help: 'a page up' },
  { action: 'first', keys: ['home', 'g'], label: 'home g', group: 'Move', help: 'first row' },
  {
    action: 'last',
    keys: ['end', 'G'],
    label: 'end G',
    group: 'Move',
    help: 'last row; in view capture: follow the newest',
  },
  {
    action: 'scroll-down',
    keys: ['wheel-down'],
    label: 'wheel',
    group: 'Move',
    help: 'three rows (hold shift to mark text with the mouse)',
  },
  { action: 'scroll-up', keys: ['wheel-up'], label: '', group: 'Move', help: '' },
]

const BY_KEY: ReadonlyMap<Key, KeyBinding> = new Map(
  KEYS.flatMap((binding) => binding.keys.map((key) => [key, binding] as const)),
)

export function bindingOf(key: Key): KeyBinding | undefined {
  return BY_KEY.get(key)
}
