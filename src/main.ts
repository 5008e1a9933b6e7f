import { COMMANDS, loadDefault } from '../commands/table.ts'
import { reportError } from './command/failure.ts'
import { commandHelp, overviewHelp } from './command/help.ts'
import { COMMON_OPTIONS, FACTS_OPTIONS, JSON_OPTION } from './command/options.ts'
import { Output, terminalOf } from './command/output.ts'
import { type CommandWords, commandPosition, parseWords, subcommandOf } from './command/parse.ts'
import { programVersion } from './command/version.ts'
import type { Command } from './command.ts'
import { TsnetError } from './errors.ts'
import { nearest } from './model/nearest.ts'

/** Which command it is, and its words; options may stand before its name too. */
async function requestOf(words: readonly string[]): Promise<CommandWords> {
  if (words[0] === '__complete') return { command: await loadCompletion(), words: words.slice(1) }
  const at = commandPosition(words, [...FACTS_OPTIONS, JSON_OPTION, ...COMMON_OPTIONS])
  const name = words[at]
  if (name === undefined) return { command: await loadDefault(), words }
  const rest = [...words.slice(0, at), ...words.slice(at + 1)]
  if (name === 'help') return requestOf([...rest, '--help'])
  const entry = COMMANDS.find((each) => each.name === name)
  if (entry === undefined) throw unknownCommand(name)
  return subcommandOf(await entry.load(), rest)
}

/** Not in the table of commands: only the completion scripts call it. */
async function loadCompletion(): Promise<Command> {
  return (await import('../commands/complete.ts')).COMPLETE_COMMAND
}

function unknownCommand(name: string): TsnetError {
  const names = COMMANDS.map((each) => each.name)
  const close = nearest(name, names)
  const hint = close.length > 0 ? `Did you mean ${close.join(', ')}?` : `Commands: ${names.join(' ')}`
  return new TsnetError('usage', `${name}: no such command`, { hint })
}

async function run(words: readonly string[]): Promise<number> {
  const { command, words: own } = await requestOf(words)
  const { options, positionals, rest } = parseWords(command, own)
  const output = new Output(terminalOf(options.has('no-color')))
  if (options.has('version')) {
    output.write(`${programVersion()}\n`)
    return 0
  }
  if (options.has('help')) {
    output.write(command.name === '' ? overviewHelp(COMMANDS, command) : commandHelp(command))
    return 0
  }
  return (await command.run({ options, positionals, rest, output })) ?? 0
}

/** The reader of a pipe that has seen enough (`| head`) is no error. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit()
  throw error
}

/** Runs the program; its exit status becomes that of the process. */
export function main(words: readonly string[]): void {
  process.stdout.on('error', endWithReader)
  process.stderr.on('error', endWithReader)
  process.on('uncaughtException', (error) => {
    process.exit(reportError(error))
  })
  // the exit status waits for stdout: process.exit() would cut what is still on its way into a pipe
  run(words).then(
    (status) => {
      process.exitCode = status
    },
    (error: unknown) => {
      process.exitCode = reportError(error)
    },
  )
}

/** What scripts/build.mjs runs once, so that the compiled code of it can be kept. */
export const warmUp = {
  command: run,
  screen: async () => {
    const [{ runTui }, { openLiveHost }] = await Promise.all([import('./tui/main.tsx'), import('./inspect/live.ts')])
    return { runTui, openLiveHost }
  },
}
export type WarmUp = typeof warmUp
