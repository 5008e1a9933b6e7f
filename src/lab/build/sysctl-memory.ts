import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stateFolder } from './lab-paths.ts'

/** What settings had before the lab file changed them, so that they can be put back. */
export class SysctlMemory {
  readonly #path: string
  readonly #values: Map<string, string>

  constructor(lab: string) {
    this.#path = join(stateFolder(lab), 'sysctls.json')
    this.#values = new Map(Object.entries(readValues(this.#path)))
  }

  get(id: string): string | undefined {
    return this.#values.get(id)
  }

  set(id: string, value: string): void {
    this.#values.set(id, value)
    this.#save()
  }

  delete(id: string): void {
    this.#values.delete(id)
    this.#save()
  }

  #save(): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(Object.fromEntries(this.#values)), { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
  }
}

/** Nothing is known when there is no such file, or a broken one. */
function readValues(path: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
  } catch {
    return {}
  }
}
