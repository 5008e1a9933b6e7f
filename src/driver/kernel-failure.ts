import { NetlinkError, type NetlinkSocket, type Request } from 'netlink-ts'
import { type ErrorCode, TsnetError } from '../errors.ts'

/** errno.h */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EOPNOTSUPP: 95,
} as const

const CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [ERRNO.EPERM, 'privilege'],
  [ERRNO.EACCES, 'privilege'],
  [ERRNO.EOPNOTSUPP, 'unsupported'],
])

/**
 * Asks the kernel for something; its refusal names what was tried: `make link dm-4f0a: Unknown device type
 * (EOPNOTSUPP)`.
 *
 * @throws TsnetError `privilege`, `unsupported` or `failed`
 */
export function askKernel<T>(operation: string, ask: () => T): T {
  try {
    return ask()
  } catch (error) {
    throw error instanceof NetlinkError ? kernelFailure(operation, error) : error
  }
}

export function kernelFailure(operation: string, error: NetlinkError): TsnetError {
  const code = error.code === 'unsupported' ? 'unsupported' : (CODES.get(error.errno ?? 0) ?? 'failed')
  return new TsnetError(code, `${operation}: ${error.message.replace(/^(request|dump) \d+: /, '')}`, { cause: error })
}

/** A request and what it is for. */
export interface Step {
  readonly what: string
  readonly request: Request
}

/**
 * Sends requests in one datagram. The kernel carries on after a refusal; the first one is thrown.
 *
 * @throws TsnetError `privilege`, `unsupported` or `failed`
 */
export function askAll(socket: NetlinkSocket, operation: string, steps: readonly Step[]): void {
  const errors = socket.batch(steps.map(({ request }) => request))
  const at = errors.findIndex((error) => error !== undefined)
  const error = errors[at]
  if (error !== undefined) throw kernelFailure(`${operation}: ${steps[at]?.what}`, error)
}

/** Whether the kernel said that there is no such link, route or file. */
export function isAbsent(error: unknown): boolean {
  const cause = error instanceof TsnetError ? error.cause : error
  const absent: readonly number[] = [ERRNO.ENODEV, ERRNO.ESRCH, ERRNO.ENOENT]
  return cause instanceof NetlinkError && absent.includes(cause.errno ?? 0)
}

/** Does what needs the thing to be there; when it is not, that is what was wanted. */
export function unlessAbsent(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}
