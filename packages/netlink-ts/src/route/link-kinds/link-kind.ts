import { type Decoded, type Fields, FieldTable } from '../../fields.ts'
import type { Writer } from '../../writer.ts'

/** How the data of one kind of link (IFLA_INFO_DATA or IFLA_INFO_SLAVE_DATA) is read and written. */
export interface LinkKind<Kind extends string, Info> {
  readonly kind: Kind
  /** The data between two offsets. */
  readonly decode: (bytes: Uint8Array, start: number, end: number) => Info & { readonly kind: Kind }
  readonly encode: (writer: Writer, info: Info) => void
}

/** A kind whose data is a plain table of attributes. */
export function linkKind<const Kind extends string, F extends Fields>(
  kind: Kind,
  fields: F,
): LinkKind<Kind, Decoded<F>> {
  const table = new FieldTable<F, { readonly kind: Kind }>(fields, { kind })
  return {
    kind,
    decode: (bytes, start, end) => table.decode(bytes, start, end),
    encode: (writer, info) => table.encode(writer, info),
  }
}
