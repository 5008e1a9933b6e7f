import { spawn } from 'node:child_process'
import { messageOf } from '../../errors.ts'

/** A command of this program that has the terminal for a while. */
export interface Foreground {
  /** With one line when it could not be started. */
  readonly ended: Promise<string | undefined>
  stop(): void
}

/**
 * Runs it on this terminal. It keeps no key for itself, and a channel to us tells it when we end, however: what it
 * started is ended with it.
 *
 * @param program what runs this program: an executable and its first arguments
 */
export function runForeground(
  [command, ...first]: readonly [string, ...string[]],
  words: readonly string[],
): Foreground {
  const child = spawn(command, [...first, ...words], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(messageOf(error)))
    child.on('close', () => resolve(undefined))
  })
  return { ended, stop: () => void child.kill('SIGINT') }
}
