import { parseArgs } from 'node:util'
import type { Command, OptionSpec } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { COMMON_OPTIONS, Options } from './options.ts'

/** A command line, understood. */
export interface Parsed {
  readonly positionals: readonly string[]
  readonly rest: readonly string[]
  readonly options: Options
}

/** Every option of a command, the common ones included. */
export function optionsOf(command: Command): readonly OptionSpec[] {
  return [...command.options, ...COMMON_OPTIONS]
}

/**
 * Reads the words after the command's name.
 * @throws TsnetError `usage` for what the command does not know, with the nearest names
 */
export function parseWords(command: Command, words: readonly string[]): Parsed {
  const specs = optionsOf(command)
  const separator = words.indexOf('--')
  const own = separator < 0 ? words : words.slice(0, separator)
  const { tokens } = parseArgs({ args: [...own], options: shapesOf(specs), strict: false, tokens: true })
  const values = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    else if (token.kind === 'option') take(command, specs, values, token)
  }
  const options = new Options(values)
  const rest = separator < 0 ? [] : words.slice(separator + 1)
  if (!options.has('help')) checkWords(command, positionals, rest)
  return { positionals, rest, options }
}

function shapesOf(specs: readonly OptionSpec[]): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  return Object.fromEntries(
    specs.map(({ name, short, argument }) => {
      const type = argument === undefined ? 'boolean' : 'string'
      return [name, short === undefined ? { type } : { type, short }]
    }),
  )
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
}

function take(
  command: Command,
  specs: readonly OptionSpec[],
  values: Map<string, string[]>,
  { name, rawName, value }: OptionToken,
): void {
  const spec = specs.find((each) => each.name === name)
  if (spec === undefined) {
    const names = specs.map((each) => `--${each.name}`)
    throw usage(command, `unknown option ${rawName}${didYouMean(rawName, names)}`)
  }
  if (spec.argument === undefined && value !== undefined) throw usage(command, `--${name} takes no value`)
  if (spec.argument !== undefined && (value === undefined || value === '')) {
    throw usage(command, `--${name} wants a value: --${name} ${spec.argument}`)
  }
  const given = values.get(name) ?? []
  values.set(name, [...given, value ?? ''])
}

function checkWords(command: Command, positionals: readonly string[], rest: readonly string[]): void {
  const missing = command.positionals.filter(({ optional }) => optional !== true)[positionals.length]
  if (missing !== undefined) {
    const values = missing.values === undefined ? '' : `: ${missing.values.join(' ')}`
    throw usage(command, `${missing.name} is missing${values}`)
  }
  const extra = positionals[command.positionals.length]
  if (extra !== undefined && command.positionals.at(-1)?.many !== true) {
    const before = command.rest === undefined ? '' : `; write -- before ${command.rest}`
    throw usage(command, `one word too many: ${extra}${before}`)
  }
  if (rest.length > 0 && command.rest === undefined) throw usage(command, `nothing can follow --: ${rest[0]}`)
}

function usage(command: Command, what: string): TsnetError {
  const called = command.name === '' ? 'tsnet-shoot' : `tsnet-shoot ${command.name}`
  return new TsnetError('usage', `${command.name || 'tsnet-shoot'}: ${what}`, { hint: `${called} --help shows how` })
}

/**
 * The subcommand that the words name, `lab up` of the group `lab`, and the words without its name.
 * @throws TsnetError `usage` with the nearest names
 */
export async function subcommandOf(command: Command, words: readonly string[]): Promise<CommandWords> {
  const { subcommands } = command
  const at = subcommands === undefined ? -1 : commandPosition(words, optionsOf(command))
  const name = words[at]
  if (subcommands === undefined || name === undefined) return { command, words }
  const entry = subcommands.find((each) => each.name === name)
  if (entry === undefined && command.positionals.length > 0) return { command, words }
  if (entry === undefined) {
    const names = subcommands.flatMap((each) => (each.hidden === true ? [] : [each.name]))
    throw new TsnetError('usage', `${command.name} ${name}: no such command${didYouMean(name, names)}`, {
      hint: `Commands: ${names.join(' ')}`,
    })
  }
  return subcommandOf(await entry.load(), [...words.slice(0, at), ...words.slice(at + 1)])
}

/** A command and the words after its name. */
export interface CommandWords {
  readonly command: Command
  readonly words: readonly string[]
}

/** Where the command's name is among the words: after options and their values. */
export function commandPosition(words: readonly string[], specs: readonly OptionSpec[]): number {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') return -1
    if (!word.startsWith('-') || word === '-') return at
    const spec = specs.find(({ name, short }) => word === `--${name}` || word === `-${short}`)
    if (spec?.argument !== undefined) at++
  }
  return -1
}
