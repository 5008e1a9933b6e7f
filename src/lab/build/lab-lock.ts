import { rmdirSync } from 'node:fs'
import { StateLock } from '../../driver/controller/state-lock.ts'
import { TsnetError } from '../../errors.ts'
import { requireCapabilities } from '../../kernel/capabilities.ts'
import { lockFolder, SHARED_FOLDERS } from './lab-paths.ts'

const ATTEMPTS = 8

/**
 * Runs what changes a lab while nobody else does.
 *
 * @throws TsnetError `failed` while another process changes it, naming that process
 */
export async function withLabLock<T>(lab: string, action: () => Promise<T>): Promise<T> {
  requireCapabilities(`lab ${lab}`, ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'])
  const lock = acquire(lab)
  try {
    return await action()
  } finally {
    lock.release()
    // whoever waits for the lock at this moment has a file in there
    for (const folder of [lockFolder(lab), ...SHARED_FOLDERS]) removeEmpty(folder)
  }
}

function acquire(lab: string): StateLock {
  for (let attempt = 1; ; attempt++) {
    try {
      return StateLock.acquire(lockFolder(lab))
    } catch (error) {
      // the folder went with its last user, between our making it and our using it
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && attempt < ATTEMPTS) continue
      throw error instanceof TsnetError ? inUse(lab, error) : error
    }
  }
}

function inUse(lab: string, cause: TsnetError): TsnetError {
  const who = /process \d+/.exec(cause.message)?.[0] ?? 'another process'
  const hint = cause.hint === undefined ? {} : { hint: cause.hint }
  return new TsnetError('failed', `lab ${lab}: ${who} is changing it`, { cause, ...hint })
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // others use it, or it is gone
  }
}
