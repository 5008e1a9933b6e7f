import type { Options } from './command/options.ts'
import type { Output } from './command/output.ts'

/** What a word stands for; shell completion offers what there is of it. */
export type WordKind = 'selector' | 'kind' | 'file' | 'column' | 'format' | 'shell' | 'lab' | 'lab-file' | 'lab-machine'

/** `--name`, `--name VALUE` or, with `many`, that more than once. */
export interface OptionSpec {
  readonly name: string
  /** One letter. */
  readonly short?: string
  /** Upper case, as shown in the help; without it the option is a switch. */
  readonly argument?: string
  readonly many?: boolean
  readonly summary: string
  readonly completes?: WordKind
  /** What the argument may be, for completion. */
  readonly values?: readonly string[]
}

/** Words without a dash. */
export interface PositionalSpec {
  /** Upper case, as shown in the help. */
  readonly name: string
  readonly optional?: boolean
  /** The last one: as many as there are. */
  readonly many?: boolean
  readonly completes?: WordKind
  readonly values?: readonly string[]
}

/** A subcommand as a value. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** More than the summary, in whole lines. */
  readonly details?: readonly string[]
  readonly positionals: readonly PositionalSpec[]
  /** Name of what may follow `--`, e.g. `COMMAND…`. */
  readonly rest?: string
  readonly options: readonly OptionSpec[]
  /** A command line without the program's name, and what it is good for. */
  readonly examples: readonly (readonly [string, string])[]
  /**
   * A group: its first word says which (`lab up`); it is run itself when there is none, or when it takes words of its
   * own and this one names no subcommand.
   */
  readonly subcommands?: readonly CommandEntry[]
  /** @returns the exit status (default 0) */
  run(context: Context): Promise<number | undefined>
}

/** What a command is run with. */
export interface Context {
  readonly positionals: readonly string[]
  /** What followed `--`. */
  readonly rest: readonly string[]
  readonly options: Options
  readonly output: Output
}

/** A command that is known by name before its code is loaded. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** Called by the program itself: neither listed nor offered. */
  readonly hidden?: boolean
  readonly load: () => Promise<Command>
}
