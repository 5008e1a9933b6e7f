import type { HostSnapshot, Kind, Namespace, NamespaceIdentity } from '../model/snapshot.ts'
import { nameOf, type Wiring } from '../model/wiring.ts'
import { sanitise } from './sanitise.ts'

/** What `show` can show. */
export const SHOW_KINDS = [
  'links',
  'bridges',
  'veth',
  'fdb',
  'addrs',
  'routes',
  'rules',
  'neigh',
  'iptables',
  'nft',
  'ipset',
  'ipvs',
  'conntrack',
  'sockets',
  'xfrm',
  'qdisc',
  'sysctl',
  'dns',
] as const
export type ShowKind = (typeof SHOW_KINDS)[number]

/** One column of a table, for the terminal and for the screen alike. */
export interface Column<Row> {
  /** Upper case; what `--columns` and `--sort` take in any case. */
  readonly name: string
  readonly align: 'left' | 'right'
  /** Shown only with `--wide`. */
  readonly wide?: boolean
  /** A sentence is cut at its end; all else in the middle. */
  readonly cut?: 'end'
  /** Columns of the screen that it takes at least, so that it stays where it is while its texts change. */
  readonly least?: number
  /** Sanitised, one line. */
  text(row: Row): string
  sort(row: Row): string | number
}

/** One line of a table: an object of the snapshot, where it is, and whom it may refer to. */
export interface Row<Object extends object = object> {
  /** The same for the same object in the next snapshot. */
  readonly key: string
  readonly namespace: Namespace
  readonly object: Object
  readonly wiring: Wiring
}

/** What one kind looks like as a table. */
export interface Table<Each extends Row = Row> {
  readonly kind: ShowKind | 'ns'
  readonly title: string
  /** What has to be read of the namespaces shown. */
  readonly kinds: readonly Kind[]
  /** What has to be read of every namespace, so that names can be told. */
  readonly context: readonly Kind[]
  /** Without the column that names the namespace: see {@link namespaceColumn}. */
  readonly columns: readonly Column<Each>[]
  rows(snapshot: HostSnapshot, namespaces: readonly Namespace[]): Each[]
}

/** Names the namespace, where rows of several stand together. */
export function namespaceColumn<Each extends { readonly namespace: NamespaceIdentity }>(): Column<Each> {
  return textColumn('NAMESPACE', ({ namespace }) => nameOf(namespace))
}

interface Shown {
  readonly wide?: boolean
  readonly align?: 'left' | 'right'
}

/** A column of text from outside. */
export function textColumn<Each>(
  name: string,
  text: (row: Each) => string | undefined,
  { wide = false, align = 'left' }: Shown = {},
): Column<Each> {
  const shown = (row: Each): string => sanitise(text(row) ?? '')
  return { name, align, ...(wide ? { wide } : {}), text: shown, sort: shown }
}

/** A column of numbers, sorted by value; nothing for what is not there. */
export function numberColumn<Each>(
  name: string,
  number: (row: Each) => number | undefined,
  { wide = false, format = String }: { readonly wide?: boolean; readonly format?: (value: number) => string } = {},
): Column<Each> {
  return {
    name,
    align: 'right',
    ...(wide ? { wide } : {}),
    text: (row) => {
      const value = number(row)
      return value === undefined ? '' : format(value)
    },
    sort: (row) => number(row) ?? Number.NEGATIVE_INFINITY,
  }
}

/** Whose name says more than its ifindex. */
export function linkName({ namespace, wiring }: Pick<Row, 'namespace' | 'wiring'>, index: number | undefined): string {
  if (index === undefined || index === 0) return ''
  return wiring.link(namespace.inode, index)?.name ?? `#${index}`
}
