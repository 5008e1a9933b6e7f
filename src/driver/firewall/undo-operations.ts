import type { Family, Operation, Table } from './rule.ts'
import type { Ruleset } from './ruleset.ts'

/** What takes back the change from one set of rules to another, and leaves alone what others have changed since. */
export function undoOperations(family: Family, before: Ruleset, after: Ruleset): Operation[] {
  return after.tables.flatMap((table) => {
    const was = before.chains(table)
    const is = after.chains(table)
    const place = (chain: string) => ({ family, table: table as Table, chain })
    const lost = [...was.keys()].filter((chain) => !is.has(chain))
    const made = [...is.keys()].filter((chain) => before.rules(place(chain)) === undefined)
    return [
      ...lost.map((chain): Operation => ({ act: 'chain', ...place(chain) })),
      ...[...new Set([...was.keys(), ...is.keys()])].flatMap((chain) => [
        ...undoRules(place(chain), was.get(chain)?.rules ?? [], is.get(chain)?.rules ?? []),
        ...undoPolicy(place(chain), before, after),
      ]),
      ...made.map((chain): Operation => ({ act: 'drop', ...place(chain), jumps: [], onlyWith: [] })),
    ]
  })
}

interface Place {
  readonly family: Family
  readonly table: Table
  readonly chain: string
}

function undoRules(place: Place, was: readonly string[], is: readonly string[]): Operation[] {
  const [before, after] = [new Set(was), new Set(is)]
  return [
    ...is.filter((text) => !before.has(text)).map((text): Operation => ({ act: 'remove', ...place, text })),
    ...was.flatMap((text, position): Operation[] =>
      after.has(text) ? [] : [{ act: 'place', ...place, text, position }],
    ),
  ]
}

function undoPolicy(place: Place, before: Ruleset, after: Ruleset): Operation[] {
  const policy = before.policy(place)
  if (policy === after.policy(place) || (policy !== 'ACCEPT' && policy !== 'DROP')) return []
  return [{ act: 'policy', ...place, policy }]
}
