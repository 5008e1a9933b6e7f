import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TsnetError } from '../../errors.ts'
import { formatPath } from '../../model/schema.ts'
import { SERVED_FILE, SERVED_STATE, type ServedState } from './served-state.ts'

/**
 * What the agent of a lab is to serve.
 *
 * @param folder the lab's state
 * @throws TsnetError `input` for a file that cannot be read or is not what it should be
 */
export function readServed(folder: string): ServedState {
  const path = join(folder, SERVED_FILE)
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new TsnetError('input', `${path}: ${messageOf(cause)}`, { cause })
  }
  const problem = SERVED_STATE(value)
  if (!problem) return value as ServedState
  const { path: where, expected, found } = problem
  throw new TsnetError('input', `${path}: ${formatPath(where)}: expected ${expected}, found ${found}`)
}

/** Complete on disk or not at all; the agent sees it when it is told to. */
export function writeServed(folder: string, served: ServedState): void {
  const path = join(folder, SERVED_FILE)
  writeFileSync(`${path}.new`, JSON.stringify(served), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
