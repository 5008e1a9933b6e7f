import { spawn } from 'node:child_process'
import { messageOf } from '../../errors.ts'
import { problemOf } from '../asks/said-problem.ts'
import type { LabProgress, LabWorkKind, RunningLabWork } from './lab.ts'

const WORDS: Readonly<Record<LabWorkKind, string>> = { build: 'up', remove: 'down' }
/** More is no message that anybody reads. */
const MOST_BYTES = 64 * 1024

/**
 * Builds or removes a lab in a process of its own: netlink is synchronous, and the screen goes on meanwhile. It is in
 * no job of the terminal, so that ctrl-C and ctrl-Z are not for it. When this process ends before it, a build takes
 * back what it did (the IPC channel tells it), a removal is carried through.
 *
 * @param program what runs this program: an executable and its first arguments
 */
export function startLabChild(
  [command, ...words]: readonly [string, ...string[]],
  { kind, name, progress }: { kind: LabWorkKind; name: string; progress: (progress: LabProgress) => void },
): RunningLabWork {
  const child = spawn(command, [...words, 'lab', WORDS[kind], name], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => {
    said = (said + text).slice(0, MOST_BYTES)
  })
  child.on('message', (message) => {
    if (isProgress(message)) progress(message)
  })
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(messageOf(error)))
    child.on('close', (status, signal) => resolve(status === 0 ? undefined : problemOf(said, status ?? signal)))
  })
  return { ended, stop: () => void (kind === 'build' && child.kill('SIGTERM')) }
}

function isProgress(message: unknown): message is LabProgress {
  return typeof message === 'object' && message !== null && 'done' in message && 'total' in message && 'what' in message
}
