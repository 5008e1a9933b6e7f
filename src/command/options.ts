import type { OptionSpec } from '../command.ts'

/** The options that a person gave. */
export class Options {
  readonly #values: ReadonlyMap<string, readonly string[]>

  /** @param values option name → its values, one empty one for a switch */
  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The last value given. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }
}

/** Understood by every command. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: 'no-color', summary: 'no colours (NO_COLOR does the same)' },
  { name: 'help', short: 'h', summary: 'this text' },
  { name: 'version', summary: 'print the version' },
]

export const JSON_OPTION: OptionSpec = { name: 'json', summary: 'JSON on stdout' }

/** Which namespaces, and from where. */
export const FACTS_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'netns',
    short: 'n',
    argument: 'SELECTOR',
    many: true,
    completes: 'selector',
    summary: 'only this namespace: host, a name, docker:NAME|ID, pid:N, path:/…, inode:N, lab:LAB/NAME (repeatable)',
  },
  { name: 'from', argument: 'FILE', completes: 'file', summary: 'a saved snapshot instead of this host (- is stdin)' },
  {
    name: 'docker-socket',
    argument: 'PATH',
    many: true,
    completes: 'file',
    summary: 'ask this Docker socket too (repeatable)',
  },
]

/** How a table is shown. */
export const TABLE_OPTIONS: readonly OptionSpec[] = [
  { name: 'wide', short: 'w', summary: 'every column, whatever the width of the terminal' },
  { name: 'sort', argument: 'COLUMN[:desc]', completes: 'column', summary: 'sort by a column' },
  { name: 'columns', argument: 'A,B,C', completes: 'column', summary: 'only these columns, in this order' },
  JSON_OPTION,
]
