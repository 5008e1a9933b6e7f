import { spawn } from 'node:child_process'
import { messageOf } from '../../errors.ts'
import { isCaptureNews } from '../../measure/capture/capture-news.ts'
import { problemOf } from '../asks/said-problem.ts'
import type { CaptureListener, RunningCapture } from './capture.ts'

const MOST_SAID = 64 * 1024
/** Who does not end when told is ended. */
const PATIENCE_MS = 3_000

/**
 * Captures in a process of its own. It is in no job of the terminal, and a channel to us tells it when we end, however:
 * it does not wait for a packet to find that out.
 *
 * @param program what runs this program: an executable and its first arguments
 */
export function startCaptureChild(
  [command, ...first]: readonly [string, ...string[]],
  words: readonly string[],
  listener: CaptureListener,
): RunningCapture {
  const child = spawn(command, [...first, ...words], { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const lines = new LineReader()
  child.stdout?.on('data', (chunk: Buffer) => {
    const whole = lines.read(chunk)
    if (whole.length > 0) listener.onLines(whole)
  })
  let said = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => {
    said = (said + text).slice(-MOST_SAID)
  })
  child.on('message', (message) => {
    if (!isCaptureNews(message)) return
    if ('capturing' in message) listener.onEvent({ kind: 'capturing' })
    else if ('note' in message) listener.onEvent({ kind: 'note', text: message.note })
    else listener.onEvent({ kind: 'dropped', dropped: message.dropped })
  })
  let killer: NodeJS.Timeout | undefined
  const endWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', endWithUs)
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(messageOf(error)))
    child.on('close', (status, signal) => {
      clearTimeout(killer)
      process.off('exit', endWithUs)
      resolve(status === 0 ? undefined : problemOf(said, status ?? signal))
    })
  })
  return {
    ended,
    stop: () => {
      // what is on its way is for nobody, and must not keep it from ending
      child.stdout?.destroy()
      child.kill('SIGTERM')
      killer ??= setTimeout(endWithUs, PATIENCE_MS).unref()
    },
  }
}

const LINE_END = 0x0a
/** No line of ours is longer. */
const LONGEST_LINE = 1024 * 1024

/** Whole lines out of chunks. */
export class LineReader {
  #rest: Buffer = Buffer.alloc(0)

  read(chunk: Buffer): readonly string[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const lines: string[] = []
    let from = 0
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, from)) {
      lines.push(bytes.toString('utf8', from, end))
      from = end + 1
    }
    const rest = bytes.subarray(from)
    this.#rest = rest.length > LONGEST_LINE ? Buffer.alloc(0) : Buffer.from(rest)
    return lines
  }
}
