/**
 * Why we could not look (a broken network is never an error, see docs/architecture.md).
 *
 * - `usage`: the request cannot be understood (unknown selector, kind, column, option): exit 2
 * - `input`: a file cannot be read or is not what it should be: exit 2
 * - `privilege`: the kernel refuses us: exit 4
 * - `unsupported`: this kernel or machine lacks the feature: exit 4
 * - `vanished`: the object went away while we looked at it: exit 4
 * - `failed`: the kernel, a tool or an engine answered with an error: exit 4
 */
export type ErrorCode = 'usage' | 'input' | 'privilege' | 'unsupported' | 'vanished' | 'failed'

const EXIT_STATUS: Record<ErrorCode, number> = {
  usage: 2,
  input: 2,
  privilege: 4,
  unsupported: 4,
  vanished: 4,
  failed: 4,
}

export interface ErrorDetail {
  readonly cause?: unknown
  /** One sentence that tells the person what to do. */
  readonly hint?: string
}

/** The one error of this program. `message` reads "operation: what happened". */
export class TsnetError extends Error {
  override readonly name = 'TsnetError'
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? {} : { cause: detail.cause })
    this.code = code
    this.hint = detail.hint
  }

  /** Exit status of DESIGN §4: 2 usage or unreadable file, 4 nothing could be tested. */
  get exitStatus(): number {
    return EXIT_STATUS[this.code]
  }
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
