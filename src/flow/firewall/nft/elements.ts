import { isRecord, type Reader, readElement, type Scalar, type ScalarTest, type Value, valueKey } from './values.ts'

interface Wide<Data> {
  readonly tests: readonly (Scalar | ScalarTest)[]
  readonly data: Data
}

/** Elements of a set or map, the exact ones found by their value. */
export class Elements<Data> {
  readonly #exact = new Map<string, Data>()
  readonly #wide: Wide<Data>[] = []
  /** An element that nobody could read. */
  hasUnread = false

  get entries(): readonly Data[] {
    return [...this.#exact.values(), ...this.#wide.map(({ data }) => data)]
  }

  add(literal: unknown, readers: readonly Reader[], data: Data): void {
    const parts = partsOf(literal).map((part, at) => readElement(part, readers[at] ?? readers[0] ?? (() => undefined)))
    if (parts.some((part) => part === undefined)) {
      this.hasUnread = true
      return
    }
    const known = parts.filter((part) => part !== undefined)
    if (known.every((part) => typeof part !== 'function')) this.#exact.set(valueKey(asValue(known as Scalar[])), data)
    else this.#wide.push({ tests: known, data })
  }

  find(value: Value): Data | undefined {
    const exact = this.#exact.get(valueKey(value))
    if (exact !== undefined) return exact
    const scalars = Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar]
    return this.#wide.find(({ tests }) => tests.every((each, at) => fits(each, scalars[at])))?.data
  }
}

function fits(part: Scalar | ScalarTest, value: Scalar | undefined): boolean {
  if (value === undefined) return false
  return typeof part === 'function' ? part(value) : valueKey(part) === valueKey(value)
}

function asValue(scalars: readonly Scalar[]): Value {
  return scalars.length === 1 ? (scalars[0] as Scalar) : scalars
}

/** A concatenation as its parts; anything else as one. */
function partsOf(literal: unknown): readonly unknown[] {
  const inner = isRecord(literal) && isRecord(literal['elem']) ? literal['elem']['val'] : literal
  const concat = isRecord(inner) ? inner['concat'] : undefined
  return Array.isArray(concat) ? concat : [inner]
}
