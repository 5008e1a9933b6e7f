import type { Namespace } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `ipset save` names, types and members; `ipset list -t` the references. */
export async function oracleIpsets(context: OracleContext): Promise<Row[]> {
  const members = new Map<string, string[]>()
  const types = new Map<string, string>()
  for (const line of (await context.text('ipset', 'save')).split('\n')) {
    const [verb, name = '', ...rest] = line.split(' ')
    if (verb === 'create') {
      types.set(name, rest[0] ?? '')
      members.set(name, [])
    }
    if (verb === 'add') members.get(name)?.push(withoutTimeout(rest.join(' ')))
  }
  const references = referencesOf(await context.text('ipset', 'list -t'))
  return [...types].map(([name, type]) =>
    row({ name, type, members: (members.get(name) ?? []).sort() }, { references: references.get(name) ?? -1 }),
  )
}

function referencesOf(listing: string): Map<string, number> {
  const found = new Map<string, number>()
  let name = ''
  for (const line of listing.split('\n')) {
    const [label, value = ''] = line.split(': ')
    if (label === 'Name') name = value
    if (label === 'References') found.set(name, Number(value))
  }
  return found
}

/** It counts down. */
function withoutTimeout(member: string): string {
  return member.replace(/ timeout \d+/, '')
}

export function snapshotIpsets({ ipsets }: Namespace): Row[] {
  return ipsets.map(({ name, type, members, references }) =>
    row({ name, type, members: members.map(withoutTimeout).sort() }, { references }),
  )
}
