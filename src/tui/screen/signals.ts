import { messageOf } from '../../errors.ts'
import type { Terminal } from './terminal.ts'

/** What the signals that concern a screen lead to. */
export interface SignalActions {
  /** SIGTERM, SIGHUP, SIGINT: the status to exit with is 128 and its number. */
  end(status: number): void
  /** SIGTSTP from outside. */
  suspend(): void
  /** SIGCONT: the terminal may hold anything now. */
  resume(): void
}

const ENDING = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Bugs exit with this (DESIGN §4). */
const BUG = 70

export interface Signals {
  /**
   * Stops the program as ctrl-z would: the whole foreground job, so that a program that started us (npm, sudo)
   * stops as well. The terminal has to be left before.
   */
  stop(group: 'job' | 'self'): void
  /** Takes the handlers away again. */
  forget(): void
}

/** Leaves the terminal as it was found, whatever ends the program. */
export function watchSignals(terminal: Terminal, actions: SignalActions): Signals {
  const leave = (): void => terminal.leave()
  const crash = (error: unknown): void => {
    terminal.leave()
    const text = error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error)
    process.stderr.write(`tsnet-shoot: a bug ended the screen: ${text}\n`)
    process.exit(BUG)
  }
  const enders = Object.entries(ENDING).map(
    ([signal, status]) => [signal as NodeJS.Signals, () => actions.end(status)] as const,
  )
  for (const [signal, listener] of enders) process.on(signal, listener)
  const suspend = (): void => actions.suspend()
  const resume = (): void => {
    process.off('SIGTSTP', suspend)
    process.on('SIGTSTP', suspend)
    actions.resume()
  }
  process.on('SIGTSTP', suspend)
  process.on('SIGCONT', resume)
  process.on('exit', leave)
  // before anybody who would print into the screen that is about to vanish
  process.prependListener('uncaughtException', crash)
  process.prependListener('unhandledRejection', crash)
  return {
    stop: (group) => {
      process.off('SIGTSTP', suspend)
      process.kill(group === 'job' ? 0 : process.pid, 'SIGTSTP')
    },
    forget: () => {
      for (const [signal, listener] of enders) process.off(signal, listener)
      process.off('SIGTSTP', suspend)
      process.off('SIGCONT', resume)
      process.off('exit', leave)
      process.off('uncaughtException', crash)
      process.off('unhandledRejection', crash)
    },
  }
}
