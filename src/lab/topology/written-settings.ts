import type { Entries, OneOrMore, Settings } from '../file/lab-file.ts'

/** `KEY=VALUE` lines and maps alike; a key without a value is empty. */
export function readSettings(settings: Settings | undefined): Readonly<Record<string, string>> {
  const pairs = Array.isArray(settings)
    ? (settings as readonly (string | undefined)[]).filter((line) => line !== undefined).map(splitSetting)
    : Object.entries(settings ?? {}).map(([key, value]) => [key, String(value ?? '')] as const)
  return Object.fromEntries(pairs)
}

function splitSetting(line: string): readonly [string, string] {
  const at = line.indexOf('=')
  return [line.slice(0, at), line.slice(at + 1)]
}

export function readOneOrMore(value: OneOrMore | null | undefined): readonly string[] {
  if (value === undefined || value === null) return []
  return typeof value === 'string' ? [value] : value.filter((each) => each !== undefined)
}

/** A list of names, or a map of names to what is said of them, as name → that and the step of the path to it. */
export function readNamed<T>(
  value: readonly string[] | Entries<T> | undefined,
): readonly { readonly name: string; readonly step: string | number; readonly entry: T | undefined }[] {
  if (Array.isArray(value)) {
    return (value as readonly (string | undefined)[]).flatMap((name, step) =>
      name === undefined ? [] : [{ name, step, entry: undefined }],
    )
  }
  return Object.entries((value ?? {}) as Entries<T>).map(([name, entry]) => ({
    name,
    step: name,
    entry: entry ?? undefined,
  }))
}

/** Fields that are given, for exactOptionalPropertyTypes. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
