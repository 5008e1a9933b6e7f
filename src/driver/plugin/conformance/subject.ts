import { randomBytes } from 'node:crypto'
import { messageOf } from '../../../errors.ts'
import type { PluginAddress } from '../discovery.ts'
import { GoJsonError, type GoType, goAny } from '../go-json.ts'
import { decodeAnswer, exchange, type PluginAnswer, SilentError } from '../plugin-client.ts'
import { unknownFields } from './answer-fields.ts'

/** What an engine would make of an answer. */
export type Reply<T> =
  | { readonly kind: 'success'; readonly value: T }
  /** The plugin says no, in a way that the engine sees. */
  | { readonly kind: 'refused'; readonly text: string; readonly status: number }
  /** JSON that does not fit, or none. */
  | { readonly kind: 'nonsense'; readonly text: string }
  | { readonly kind: 'silent'; readonly text: string }
  | { readonly kind: 'unreachable'; readonly text: string }

/** What was odd about the answers, whatever they were about. */
export interface Oddity {
  readonly method: string
  readonly text: string
}

export interface SubjectOptions {
  readonly deadlineMs: number
  /** `-o` options of the networks that are made. */
  readonly networkOptions: Readonly<Record<string, string>>
  /** SandboxKey of the endpoints that join. */
  readonly sandboxKey: string
}

/** The plugin that is examined. */
export class Subject {
  readonly options: SubjectOptions
  readonly silences: Oddity[] = []
  readonly nonsense: Oddity[] = []
  readonly hiddenErrors: Oddity[] = []
  readonly unknownFields: Oddity[] = []
  readonly #address: PluginAddress
  readonly #silent = new Set<string>()
  readonly #undo: (() => Promise<unknown>)[] = []

  constructor(address: PluginAddress, options: SubjectOptions) {
    this.#address = address
    this.options = options
  }

  /** As an engine calls it. @param message absent = no body */
  call<T>(method: string, type: GoType<T>, message?: object): Promise<Reply<T>> {
    return this.send(method, type, message === undefined ? '' : JSON.stringify(message))
  }

  /**
   * With a body of any bytes. A method that was silent once is not called again: each time costs the whole deadline.
   */
  async send<T>(method: string, type: GoType<T>, body: string, host?: string): Promise<Reply<T>> {
    if (this.#silent.has(method)) return { kind: 'silent', text: `${method} did not answer before` }
    let answer: PluginAnswer
    try {
      const { deadlineMs } = this.options
      answer = await exchange(this.#address, { method, body, deadlineMs, ...(host === undefined ? {} : { host }) })
    } catch (error) {
      return this.#noAnswer(method, error)
    }
    this.#lookForOddities(method, answer)
    return this.#judge(method, type, answer)
  }

  /** To be done at the end of the scenario, the last one first, whatever comes of it. */
  afterwards(method: string, message: object): void {
    this.#undo.push(() => this.call(method, goAny, message))
  }

  async cleanUp(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo()
  }

  #noAnswer(method: string, error: unknown): Reply<never> {
    const text = messageOf(error)
    if (!(error instanceof SilentError)) return { kind: 'unreachable', text }
    this.#silent.add(method)
    this.silences.push({ method, text })
    return { kind: 'silent', text: `${method}: ${text}` }
  }

  #judge<T>(method: string, type: GoType<T>, answer: PluginAnswer): Reply<T> {
    try {
      return { kind: 'success', value: decodeAnswer(method, type, answer) }
    } catch (error) {
      const { cause } = error as Error
      const text = messageOf(error)
      if (!(cause instanceof GoJsonError || cause instanceof SyntaxError)) {
        return { kind: 'refused', text, status: answer.status }
      }
      this.nonsense.push({ method, text: messageOf(cause) })
      return { kind: 'nonsense', text }
    }
  }

  #lookForOddities(method: string, { status, text }: PluginAnswer): void {
    if (status !== 200) return
    const fields = fieldsOf(text)
    const hidden = hiddenError(method, fields)
    if (hidden !== undefined) this.hiddenErrors.push({ method, text: hidden })
    const unknown = unknownFields(method, fields)
    if (unknown.length > 0) this.unknownFields.push({ method, text: unknown.join(', ') })
  }
}

/** An id as engines make them: 64 hex digits. */
export function randomId(): string {
  return randomBytes(32).toString('hex')
}

function fieldsOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** An error in a field that the engine does not read is taken for success. */
function hiddenError(method: string, fields: object): string | undefined {
  const read = method.startsWith('IpamDriver.') ? 'error' : 'err'
  if (hasText(fields, read)) return undefined
  const names = ['err', 'error', 'errors', 'message'].filter((name) => name !== read)
  const said = Object.entries(fields).find(([name, value]) => {
    return names.includes(name.toLowerCase()) && typeof value === 'string' && value !== ''
  })
  return said && `${said[0]}: ${said[1]}`
}

function hasText(fields: object, lowerName: string): boolean {
  return Object.entries(fields).some(([name, value]) => name.toLowerCase() === lowerName && Boolean(value))
}
