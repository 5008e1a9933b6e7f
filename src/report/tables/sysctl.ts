import { wiringOf } from '../../model/wiring.ts'
import { type Row, type Table, textColumn } from '../columns.ts'

/** One setting. */
export interface Sysctl {
  /** `net.ipv4.ip_forward`. */
  readonly name: string
  readonly value: string
}

export const SYSCTL: Table<Row<Sysctl>> = {
  kind: 'sysctl',
  title: 'kernel settings',
  kinds: ['sysctl'],
  context: [],
  columns: [
    textColumn('NAME', ({ object }) => object.name),
    textColumn('VALUE', ({ object }) => object.value.replaceAll('\t', ' ')),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      Object.entries(namespace.sysctls).map(([name, value]) => {
        return { key: `${namespace.inode}/${name}`, namespace, object: { name, value }, wiring }
      }),
    )
  },
}
