import { systemErrorCode } from '../../kernel/namespace-sockets.ts'
import type { Unanswered } from '../topology/topology.ts'

/** What came of a try, before it is compared with what was expected. */
export interface Outcome {
  /** open, reply, refused…, or what the content check makes of it. */
  readonly word: string
  /** For people: `connected to 10.0.0.2`, `HTTP 200`. */
  readonly detail: string
}

const WORDS: Readonly<Record<string, Exclude<Unanswered, 'closed'>>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EPERM: 'unreachable',
  EACCES: 'unreachable',
  ETIMEDOUT: 'timeout',
}

/** The word for an error of a socket; undefined when it is another error. */
export function wordOf(error: unknown): Exclude<Unanswered, 'closed'> | undefined {
  return WORDS[systemErrorCode(error) ?? '']
}

const CLOSED: readonly string[] = ['refused', 'unreachable', 'timeout']

export function isExpected(word: string, expected: string): boolean {
  return word === expected || (expected === 'closed' && CLOSED.includes(word))
}
