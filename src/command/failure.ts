import { messageOf, TsnetError } from '../errors.ts'
import { sanitise } from '../report/sanitise.ts'

/** Exit status of a bug, EX_SOFTWARE of sysexits.h. */
const BUG_STATUS = 70

/** Tells on stderr why it failed, in one line and the way out. Returns the exit status. */
export function reportError(error: unknown): number {
  const stack = process.env['TSNET_DEBUG'] ? `${stackOf(error)}\n` : ''
  if (error instanceof TsnetError) {
    const hint = error.hint === undefined ? '' : `  ${sanitise(error.hint)}\n`
    process.stderr.write(`✖ ${sanitise(error.message)}\n${hint}${stack}`)
    return error.exitStatus
  }
  const way = stack === '' ? '  this is a bug: TSNET_DEBUG=1 shows where; please report it\n' : ''
  process.stderr.write(`✖ internal error: ${sanitise(messageOf(error))}\n${way}${stack}`)
  return BUG_STATUS
}

function stackOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const cause = error instanceof Error && error.cause !== undefined ? `\ncaused by ${stackOf(error.cause)}` : ''
  return (
    lines
      .split('\n')
      .map((line) => sanitise(line))
      .join('\n') + cause
  )
}
