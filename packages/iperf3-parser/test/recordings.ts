import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('./fixtures/', import.meta.url)

/** Name → what iperf3 printed. */
export const RECORDINGS: ReadonlyMap<string, string> = new Map(
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.out'))
    .map((file) => [file.slice(0, -'.out'.length), readFileSync(new URL(file, FOLDER), 'utf8')]),
)

export function recording(name: string): string {
  const text = RECORDINGS.get(name)
  if (text === undefined) throw new Error(`there is no recording ${name}`)
  return text
}

/** A recorded report as the lines of `--json-stream`: iperf3 prints the same objects, an event each (3.17). */
export function asStream(text: string): string {
  const { start, intervals = [], end, error, server_output_text: serverText } = JSON.parse(text)
  const events = [
    { event: 'start', data: start },
    ...intervals.map((data: unknown) => ({ event: 'interval', data })),
    ...(error === undefined ? [{ event: 'end', data: end }] : [{ event: 'error', data: error }]),
    ...(serverText === undefined ? [] : [{ event: 'server_output_text', data: serverText }]),
  ]
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}
