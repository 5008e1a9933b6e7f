import type { Space, World } from '../../flow/world.ts'
import type { FixStep } from '../../model/finding.ts'
import type { FixCommand } from '../../model/journey.ts'
import { step } from './draft.ts'

/** The commands of a predicted fix, each with what takes it back. */
export function stepsOf(world: World, commands: readonly FixCommand[]): FixStep[] {
  return commands.flatMap(({ namespace, name, command }) => {
    const space = world.spaces.find((each) => each.namespace.inode === namespace && each.name === name)
    if (space === undefined) return []
    const words = splitLine(command)
    return [step(space, words, undoOf(space, words))]
  })
}

/** A line whose words are quoted as `shellWord` does it. */
export function splitLine(line: string): string[] {
  const words = line.match(/(?:[^\s'\\]|'[^']*'|\\.)+/g) ?? []
  return words.map((word) => word.replace(/'([^']*)'|\\(.)/g, (_, quoted, escaped) => quoted ?? escaped ?? ''))
}

/** What takes a command back, by the facts from before it; undefined when nothing is known to. */
export function undoOf(space: Space, words: readonly string[]): readonly string[] | undefined {
  const [tool = ''] = words
  if (tool === 'sysctl') return undoSysctl(space, words)
  if (tool === 'ip') return undoIp(space, words)
  if (/^ip6?tables(-legacy)?$/.test(tool)) return undoIptables(space, words)
  if (tool === 'bridge' && words[1] === 'link') return undoPort(words)
  return undefined
}

function undoSysctl({ namespace }: Space, words: readonly string[]): readonly string[] | undefined {
  const [name = ''] = (words.at(-1) ?? '').split('=')
  const old = namespace.sysctls[name]
  return old === undefined ? undefined : ['sysctl', '-w', `${name}=${old}`]
}

const OPPOSITES: Readonly<Record<string, string>> = { add: 'del', del: 'add', up: 'down', down: 'up' }

function undoIp({ namespace }: Space, words: readonly string[]): readonly string[] | undefined {
  const last = words.at(-1) ?? ''
  if (words.includes('link') && OPPOSITES[last] !== undefined) return [...words.slice(0, -1), OPPOSITES[last]]
  if (words.at(-2) === 'mtu') {
    const link = namespace.links.find(({ name }) => words.includes(name))
    return link === undefined ? undefined : [...words.slice(0, -1), String(link.mtu)]
  }
  const verb = words.findIndex((word) => word === 'add' || word === 'del')
  const isWhole = words.includes('route') && verb > 0
  return isWhole ? words.map((word, at) => (at === verb ? (OPPOSITES[word] ?? word) : word)) : undefined
}

function undoIptables({ namespace }: Space, words: readonly string[]): readonly string[] | undefined {
  const verb = words.findIndex((word) => /^-[IDPA]$/.test(word))
  const [action, chain = ''] = [words[verb], words[verb + 1]]
  const before = words.slice(0, verb)
  const position = words[verb + 2] ?? ''
  const isNumber = /^\d+$/.test(position)
  const rest = words.slice(verb + (isNumber ? 3 : 2))
  if (action === 'I' || action === '-I' || action === '-A') return [...before, '-D', chain, ...rest]
  if (action === '-P') return [...before, '-P', chain, words.at(-1) === 'ACCEPT' ? 'DROP' : 'ACCEPT']
  const table = words[words.indexOf('-t') + 1] ?? 'filter'
  const rule = namespace.firewall.find(
    (each) =>
      each.chain === chain &&
      each.position === Number(position) &&
      each.syntax === 'iptables' &&
      (words.includes('-t') ? each.table === table : each.table === 'filter'),
  )
  return isNumber && rule !== undefined ? [...before, '-I', chain, position, ...splitRule(rule.text)] : undefined
}

/** A rule's text has its values in double quotes. */
export function splitRule(text: string): string[] {
  const words = text.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g) ?? []
  return words.map((word) =>
    word.replace(/"((?:[^"\\]|\\.)*)"/g, (_, quoted: string) => quoted.replace(/\\(.)/g, '$1')),
  )
}

function undoPort(words: readonly string[]): readonly string[] | undefined {
  const last = words.at(-1)
  if (last === 'on') return [...words.slice(0, -1), 'off']
  return last === 'off' ? [...words.slice(0, -1), 'on'] : undefined
}
