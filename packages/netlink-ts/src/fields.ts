import { formatAddress, formatMac } from './address.ts'
import { AttributeCursor } from './attribute.ts'
import { text, u8, u16, u16be, u32, u32be, u64 } from './reader.ts'
import type { Writer } from './writer.ts'

/** One attribute of a nest: its type, the bytes it needs at least, and how its payload is read and written. */
export interface Field<T> {
  readonly type: number
  readonly size: number
  readonly read: (bytes: Uint8Array, start: number, end: number) => T
  readonly write: (writer: Writer, value: T) => void
}

// biome-ignore lint/suspicious/noExplicitAny: the values of a table differ in type from field to field
export type Fields = Readonly<Record<string, Field<any>>>

/** What a table of fields decodes to; an attribute that is absent is undefined. */
export type Decoded<F extends Fields> = { readonly [Name in keyof F]?: FieldValue<F[Name]> | undefined }
type FieldValue<F> = F extends Field<infer T> ? T : never

export function u8Field(type: number): Field<number> {
  return { type, size: 1, read: u8, write: (writer, value) => writer.u8(value) }
}

export function u16Field(type: number): Field<number> {
  return { type, size: 2, read: u16, write: (writer, value) => writer.u16(value) }
}

/** Network byte order. */
export function u16beField(type: number): Field<number> {
  return { type, size: 2, read: u16be, write: (writer, value) => writer.u16be(value) }
}

export function u32Field(type: number): Field<number> {
  return { type, size: 4, read: u32, write: (writer, value) => writer.u32(value) }
}

/** Network byte order. */
export function u32beField(type: number): Field<number> {
  return { type, size: 4, read: u32be, write: (writer, value) => writer.u32be(value) }
}

/** Exact up to 2^53. */
export function u64Field(type: number): Field<number> {
  return { type, size: 8, read: u64, write: (writer, value) => writer.u64(value) }
}

/** 8 bits, 0 or not. */
export function booleanField(type: number): Field<boolean> {
  return {
    type,
    size: 1,
    read: (bytes, start) => u8(bytes, start) !== 0,
    write: (writer, value) => writer.u8(value ? 1 : 0),
  }
}

/** There or not, without a payload (NLA_FLAG). */
export function presenceField(type: number): Field<true> {
  return { type, size: 0, read: () => true, write: () => {} }
}

/** Up to the first NUL. */
export function textField(type: number): Field<string> {
  return {
    type,
    size: 0,
    read: (bytes, start, end) => text(bytes, start, end - start),
    write: (writer, value) => writer.text(value),
  }
}

/** IPv4 or IPv6 by its length. */
export function addressField(type: number): Field<string> {
  return {
    type,
    size: 4,
    read: (bytes, start, end) => formatAddress(bytes, start, end - start),
    write: (writer, value) => writer.address(value),
  }
}

export function macField(type: number): Field<string> {
  return {
    type,
    size: 0,
    read: (bytes, start, end) => formatMac(bytes, start, end - start),
    write: (writer, value) => writer.mac(value),
  }
}

/** A number that stands for a name: the name, or the number as text when the list does not know it. */
export function namedField(field: Field<number>, names: readonly (string | undefined)[]): Field<string> {
  return {
    ...field,
    read: (bytes, start, end) => nameOf(names, field.read(bytes, start, end)),
    write: (writer, name) => field.write(writer, numberOf(names, name)),
  }
}

/** Clock ticks of 10 ms (USER_HZ), as milliseconds. */
export function ticksField(field: Field<number>): Field<number> {
  return {
    ...field,
    read: (bytes, start, end) => field.read(bytes, start, end) * 10,
    write: (writer, milliseconds) => field.write(writer, Math.round(milliseconds / 10)),
  }
}

export function nameOf(names: readonly (string | undefined)[], value: number): string {
  return names[value] ?? String(value)
}

export function numberOf(names: readonly (string | undefined)[], name: string): number {
  const position = names.indexOf(name)
  return position === -1 ? Number(name) : position
}

/** Decodes and encodes nests of attributes by a table: the name of each field and how it is read. */
export class FieldTable<F extends Fields, Constant extends object = object> {
  readonly fields: F
  readonly #names: string[] = []
  readonly #byType: (Field<unknown> | undefined)[] = []
  readonly #empty: Record<string, unknown>

  /** Every object that it decodes also has the properties of `constant`. */
  constructor(fields: F, constant?: Constant) {
    this.fields = fields
    // An object that came out of JSON keeps its keys in fixed places however many they are; adding them one by one
    // would make it a hash table, which is ten times slower to copy and fill.
    this.#empty = JSON.parse(JSON.stringify({ ...constant, ...fields }, (key, value) => (key === '' ? value : 0)))
    Object.assign(this.#empty, constant)
    for (const [name, field] of Object.entries(fields)) {
      this.#names[field.type] = name
      this.#byType[field.type] = field
      this.#empty[name] = undefined
    }
  }

  /** The attributes between two offsets; types that the table does not name are passed over. */
  decode(bytes: Uint8Array, start: number, end: number): Decoded<F> & Constant {
    // A copy of an object that has every key: the keys are not added one by one.
    const values: Record<string, unknown> = { ...this.#empty }
    const cursor = new AttributeCursor(bytes, start, end)
    while (cursor.next()) {
      const field = this.#byType[cursor.type]
      if (field) values[this.#names[cursor.type] as string] = field.read(bytes, cursor.at(field.size), cursor.end)
    }
    return values as Decoded<F> & Constant
  }

  /** One attribute for each value that is there. */
  encode(writer: Writer, values: Decoded<F>): void {
    for (const [name, field] of Object.entries(this.fields)) {
      const value = values[name]
      if (value !== undefined) writer.attribute(field.type, (inner) => field.write(inner, value))
    }
  }
}
