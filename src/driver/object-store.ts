import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TsnetError } from '../errors.ts'
import { formatPath, type Schema } from '../model/schema.ts'

/**
 * Objects by id, one JSON file each below a folder of its own. A file is written beside its place and renamed, so
 * that whoever dies in the middle leaves the old state or the new one, never half of it.
 */
export class ObjectStore<T extends object> {
  readonly #folder: string
  readonly #objects: Map<string, T>

  /**
   * Reads what is there; makes the folder (mode 0700).
   *
   * @throws TsnetError `input` for a file that is not a T
   */
  constructor(folder: string, schema: Schema<T>) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#objects = readAll(folder, schema)
  }

  get(id: string): T | undefined {
    return this.#objects.get(id)
  }

  /** In the order in which they were read or put. */
  all(): ReadonlyMap<string, T> {
    return this.#objects
  }

  put(id: string, object: T): void {
    writeFileSync(`${this.#path(id)}${UNFINISHED}`, `${JSON.stringify(object)}\n`, { mode: 0o600 })
    renameSync(`${this.#path(id)}${UNFINISHED}`, this.#path(id))
    this.#objects.set(id, object)
  }

  /** No error when it is not there. */
  delete(id: string): void {
    rmSync(this.#path(id), { force: true })
    this.#objects.delete(id)
  }

  #path(id: string): string {
    if (!SAFE_ID.test(id)) throw new TsnetError('usage', `store ${id}: not an id`)
    return join(this.#folder, `${id}${SUFFIX}`)
  }
}

const SUFFIX = '.json'
const UNFINISHED = '.new'
/** Ids come from outside and become file names. */
const SAFE_ID = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,200}$/

function readAll<T extends object>(folder: string, schema: Schema<T>): Map<string, T> {
  const objects = new Map<string, T>()
  for (const file of readdirSync(folder).sort()) {
    if (file.endsWith(UNFINISHED)) rmSync(join(folder, file), { force: true })
    if (file.endsWith(SUFFIX)) objects.set(file.slice(0, -SUFFIX.length), readObject(join(folder, file), schema))
  }
  return objects
}

function readObject<T>(path: string, schema: Schema<T>): T {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new TsnetError('input', `${path}: ${messageOf(cause)}`, { cause, hint: 'remove the file' })
  }
  const problem = schema(value)
  if (!problem) return value as T
  const { path: where, expected, found } = problem
  throw new TsnetError('input', `${path}: ${formatPath(where)}: expected ${expected}, found ${found}`)
}
