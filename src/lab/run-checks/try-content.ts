import { spawn } from 'node:child_process'
import type { NetworkHost } from '../../driver/network-host.ts'
import { messageOf, TsnetError } from '../../errors.ts'
import type { ContentExpectation } from '../topology/topology.ts'
import { requestInside } from '../workloads/http-request.ts'
import { resolveName } from '../workloads/resolve-name.ts'
import { isExpected, type Outcome, wordOf } from './outcome.ts'

/** Something that was answered with a status and a text. */
interface Content {
  readonly status: number
  readonly text: string
}

type Try = () => Promise<Content | Outcome>

/** Gets a page. */
export function tryHttp(from: NetworkHost, url: string, timeoutMs: number): Try {
  const { hostname, port, host, pathname, search } = new URL(url)
  return async () => {
    try {
      const [address = ''] = await resolveName(from, hostname.replace(/^\[|\]$/g, ''))
      const to = { address, port: port === '' ? 80 : Number(port) }
      const asked = { method: 'GET' as const, path: pathname + search, host, timeoutMs }
      const { status, body } = await requestInside(from, to, asked)
      return { status, text: body.toString('utf8') }
    } catch (error) {
      const late = /no answer within/.test(messageOf(error))
      return { word: late ? 'timeout' : (wordOf(error) ?? 'error'), detail: messageOf(error) }
    }
  }
}

const MAX_OUTPUT_BYTES = 1024 * 1024
/** Of a shell, and of nsenter: the program could not be executed. */
const NOT_FOUND = 127

/** Runs a program of this machine with the network of `from`. */
export function tryCommand(from: NetworkHost, command: readonly string[], timeoutMs: number): Try {
  return () =>
    new Promise((resolve, reject) => {
      const child = spawn('nsenter', [`--net=${from.path}`, '--', ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
      const pieces: Buffer[] = []
      let bytes = 0
      const take = (piece: Buffer): void => {
        bytes += piece.length
        if (bytes <= MAX_OUTPUT_BYTES) pieces.push(piece)
        else child.kill('SIGKILL')
      }
      const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
      child.stdout.on('data', take)
      child.stderr.on('data', take)
      child.once('error', (cause) => {
        clearTimeout(deadline)
        reject(new TsnetError('unsupported', `nsenter: ${cause.message}`, { cause, hint: 'install util-linux' }))
      })
      child.once('close', (status) => {
        clearTimeout(deadline)
        const text = Buffer.concat(pieces).toString('utf8')
        if (status === null) resolve({ word: 'timeout', detail: `${command[0]}: no end within ${timeoutMs} ms` })
        else if (status === NOT_FOUND) reject(new TsnetError('unsupported', `${command[0]}: not installed`))
        else resolve({ status, text })
      })
    })
}

/** Why what came is not what was expected; undefined = it is. `rises` needs a second try. */
export async function contentProblem(attempt: Try, expect: ContentExpectation): Promise<string | undefined> {
  const first = await attempt()
  const problem = problemOf(first, expect)
  const pattern = expect.rises
  if (problem !== undefined || pattern === undefined || !('text' in first)) return problem
  const second = await attempt()
  const [before, after] = [numberIn(first, pattern), numberIn(second, pattern)]
  if (before === undefined || after === undefined) return `there is no number by /${pattern}/`
  return after > before ? undefined : `the number does not rise: first ${before}, then ${after}`
}

function problemOf(found: Content | Outcome, { status, contains, matches }: ContentExpectation): string | undefined {
  if ('word' in found) return isExpected(found.word, String(status)) ? undefined : found.detail
  if (found.status !== status) return `status ${found.status}, not ${status}: ${firstLine(found.text)}`
  if (contains !== undefined && !found.text.includes(contains)) {
    return `there is no ${JSON.stringify(contains)} in it: ${firstLine(found.text)}`
  }
  if (matches === undefined || new RegExp(matches, 'u').test(found.text)) return undefined
  return `/${matches}/ finds nothing in it: ${firstLine(found.text)}`
}

function numberIn(found: Content | Outcome, pattern: string): number | undefined {
  const text = 'text' in found ? new RegExp(pattern, 'u').exec(found.text)?.[1] : undefined
  return text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text)
}

const SHOWN = 120

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, SHOWN)
}
