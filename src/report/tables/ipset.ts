import type { IpSet } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { numberColumn, type Row, type Table, textColumn } from '../columns.ts'

export const IPSET: Table<Row<IpSet>> = {
  kind: 'ipset',
  title: 'ipsets',
  kinds: ['ipset'],
  context: [],
  columns: [
    textColumn('NAME', ({ object }) => object.name),
    textColumn('TYPE', ({ object }) => object.type),
    textColumn('FAMILY', ({ object }) => object.family),
    numberColumn('ENTRIES', ({ object }) => object.members.length),
    numberColumn('REFERENCES', ({ object }) => object.references),
    textColumn('MEMBERS', ({ object }) => membersText(object.members)),
    textColumn('OPTIONS', ({ object }) => optionsText(object.options), { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.ipsets.map((object) => ({ key: `${namespace.inode}/${object.name}`, namespace, object, wiring })),
    )
  },
}

/** A set may have 65,536 members; JSON has them all. */
const LISTED = 8

function membersText(members: readonly string[]): string {
  const more = members.length - LISTED
  return members.slice(0, LISTED).join(' ') + (more > 0 ? ` and ${more} more` : '')
}

function optionsText(options: IpSet['options']): string {
  return Object.entries(options)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(' ')
}
