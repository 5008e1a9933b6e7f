import { performance } from 'node:perf_hooks'
import { messageOf } from '../errors.ts'
import { systemErrorCode } from '../kernel/namespace-sockets.ts'
import type { Failed, FailureReason } from '../model/measurement.ts'

const REASONS: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENONET: 'unreachable',
  // what the firewall of the sender, or a prohibition in its routes, does to a system call
  EPERM: 'unreachable',
  EACCES: 'unreachable',
  ETIMEDOUT: 'timeout',
}

export function reasonOf(code: string | undefined): FailureReason {
  return REASONS[code ?? ''] ?? 'failed'
}

/** Milliseconds since `startMs` of `performance.now()`, microseconds behind the point. */
export function since(startMs: number): number {
  return Math.round((performance.now() - startMs) * 1000) / 1000
}

/** What an error of a socket means for a measurement. */
export function failureOf(error: unknown, what: string, startMs: number): Failed {
  const code = systemErrorCode(error)
  return { ok: false, reason: reasonOf(code), detail: `${what}: ${code ?? messageOf(error)}`, timeMs: since(startMs) }
}

export interface AttemptOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Begins something; what it gives closes it, whatever came of it. */
export type Begin<T> = (settle: (outcome: T | Failed) => void, startMs: number) => () => void

/** The first outcome that is settled on, or `timeout`; then it is closed. Never rejects. */
export async function attempt<T>(
  what: string,
  { timeoutMs, signal }: AttemptOptions,
  begin: Begin<T>,
): Promise<T | Failed> {
  const startMs = performance.now()
  let close: (() => void) | undefined
  let deadline: NodeJS.Timeout | undefined
  let giveUp: (() => void) | undefined
  const failed = (reason: FailureReason, why: string): Failed => ({
    ok: false,
    reason,
    detail: `${what}: ${why}`,
    timeMs: since(startMs),
  })
  try {
    return await new Promise<T | Failed>((resolve) => {
      deadline = setTimeout(() => resolve(failed('timeout', `no answer within ${Math.round(timeoutMs)} ms`)), timeoutMs)
      giveUp = () => resolve(failed('interrupted', 'interrupted'))
      if (signal?.aborted) return giveUp()
      signal?.addEventListener('abort', giveUp)
      try {
        close = begin(resolve, startMs)
      } catch (error) {
        resolve(failureOf(error, what, startMs))
      }
    })
  } finally {
    clearTimeout(deadline)
    if (giveUp) signal?.removeEventListener('abort', giveUp)
    close?.()
  }
}
