import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { messageOf } from '../../errors.ts'
import type { Ask, Outcome, RunningAsk } from './ask.ts'
import { problemOf } from './said-problem.ts'

/** Longer answers are for no screen. */
const MOST_BYTES = 64 * 1024 * 1024
const MOST_WORDS_BYTES = 64 * 1024

/** More than that is no answer to wait for. */
const DEADLINE_MS = 60_000

/**
 * Asks in a process of its own: it reads every table of every namespace, predicts with and without changes, and the
 * screen goes on meanwhile. It ends with this process at the latest, and when it is stopped.
 *
 * @param program what runs this program: an executable and its first arguments
 */
export function startAskChild(
  [command, ...first]: readonly [string, ...string[]],
  { words, background = false }: Pick<Ask, 'words' | 'background'>,
): RunningAsk {
  const child = spawn(command, [...first, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    // SIGINT and SIGTSTP of the terminal are not for it
    detached: true,
  })
  if (background && child.pid !== undefined) lowerPriority(child.pid)
  const chunks: Buffer[] = []
  let size = 0
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MOST_BYTES) child.kill('SIGTERM')
    else chunks.push(chunk)
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    said = (said + text).slice(0, MOST_WORDS_BYTES)
  })
  const endWithUs = (): void => void child.kill('SIGTERM')
  process.once('exit', endWithUs)
  const outcome = new Promise<Outcome>((resolve) => {
    child.on('error', (error) => resolve({ problem: messageOf(error) }))
    child.on('close', (status, signal) => {
      process.off('exit', endWithUs)
      resolve(
        size > MOST_BYTES
          ? { problem: 'too long an answer' }
          : outcomeOf(Buffer.concat(chunks), said, status ?? signal),
      )
    })
  })
  return { outcome, stop: () => void child.kill('SIGTERM') }
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // it has ended already
  }
}

/** The exit status says what the answer is, not whether there is one. */
export function outcomeOf(answer: Buffer, said: string, status: number | string | null): Outcome {
  try {
    if (answer.length > 0) return { value: JSON.parse(answer.toString('utf8')) as unknown }
  } catch {
    // cut off: what it said tells why
  }
  return { problem: problemOf(said, status) }
}
