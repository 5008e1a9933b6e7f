import type { Row } from '../checks/file/judge.ts'
import type { Failed } from '../model/measurement.ts'

export interface ProbeOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The word of a check for what a measurement says. */
const WORDS: Readonly<Record<Failed['reason'], string>> = {
  refused: 'refused',
  unreachable: 'unreachable',
  timeout: 'timeout',
  closed: 'refused',
  unresolved: 'unresolved',
  tls: 'error',
  protocol: 'error',
  interrupted: 'timeout',
  failed: 'error',
}

export function failedRow({ reason, detail, timeMs }: Failed): Row {
  return { result: WORDS[reason], detail, ms: timeMs }
}
