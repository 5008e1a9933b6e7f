import type { Command, CommandEntry, OptionSpec } from '../command.ts'
import { optionsOf } from './parse.ts'

export const PROGRAM = 'tsnet-shoot'

/** `tsnet-shoot show KIND [options]` and everything about it. */
export function commandHelp(command: Command): string {
  const { summary, details = [], examples, subcommands = [] } = command
  return [
    `${usageLine(command)}\n\n${summary}\n`,
    ...(details.length === 0 ? [] : [`${details.join('\n')}\n`]),
    ...(subcommands.length === 0 ? [] : [`Commands:\n${entryLines(subcommands)}`]),
    `Options:\n${optionLines(optionsOf(command))}`,
    `Examples:\n${exampleLines(examples)}`,
  ].join('\n')
}

function usageLine({ name, positionals, rest, subcommands }: Command): string {
  const given = positionals.map((each) => (each.optional === true ? `[${each.name}]` : each.name))
  const words = subcommands === undefined ? given : [['COMMAND', ...given].join('|')]
  const parts = [PROGRAM, name, ...words, '[options]', rest === undefined ? '' : `[-- ${rest}]`]
  return `Usage: ${parts.filter((part) => part !== '').join(' ')}`
}

function entryLines(entries: readonly CommandEntry[]): string {
  return twoColumns(entries.flatMap(({ name, summary, hidden }) => (hidden === true ? [] : [[name, summary]])))
}

function optionLines(options: readonly OptionSpec[]): string {
  return twoColumns(
    options.map(({ name, short, argument, summary }) => {
      const long = argument === undefined ? `--${name}` : `--${name} ${argument}`
      return [short === undefined ? `    ${long}` : `-${short}, ${long}`, summary]
    }),
  )
}

function exampleLines(examples: Command['examples']): string {
  return twoColumns(examples.map(([words, what]) => [`${PROGRAM} ${words}`.trim(), what]))
}

/** What the program is and what it can do. */
export function overviewHelp(entries: readonly CommandEntry[], defaultCommand: Command): string {
  return [
    `Usage: ${PROGRAM} [COMMAND] [options]\n`,
    `${defaultCommand.summary}\n`,
    `Commands:\n${entryLines(entries)}`,
    `Options:\n${optionLines(optionsOf(defaultCommand))}`,
    `Examples:\n${exampleLines(defaultCommand.examples)}`,
    `${PROGRAM} COMMAND --help tells more about one.\nExit status: 0 done, 1 a check failed, 2 usage or unreadable file, 3 warnings only, 4 nothing could be read, 70 a bug.\n`,
  ].join('\n')
}

function twoColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)))
  return rows
    .map(([left, right]) =>
      left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}\n` : `  ${left.padEnd(width)}  ${right}\n`,
    )
    .join('')
}
