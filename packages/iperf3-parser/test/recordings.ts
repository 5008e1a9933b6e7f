import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('./fixtures/', import.meta.url)
const SUFFIX = '.out'

/** `version/name` → what iperf3 printed. */
const ALL: ReadonlyMap<string, string> = new Map(
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(SUFFIX))
    .toSorted()
    .map((file) => [file.slice(0, -SUFFIX.length), readFileSync(new URL(file, FOLDER), 'utf8')]),
)

const isStream = (name: string) => name.includes('/stream-')

/** Documents: what `-J` prints. */
export const RECORDINGS: ReadonlyMap<string, string> = new Map([...ALL].filter(([name]) => !isStream(name)))

/** What `--json-stream` prints. */
export const STREAMS: ReadonlyMap<string, string> = new Map([...ALL].filter(([name]) => isStream(name)))

/** @param name of 3.12, or with the version before it: `3.9/tcp` */
export function recording(name: string): string {
  const text = ALL.get(name.includes('/') ? name : `3.12/${name}`)
  if (text === undefined) throw new Error(`there is no recording ${name}`)
  return text
}

/** A document as 3.10 and later print it: before, both directions of a bidirectional test have one name in it. */
export function withNamedDirections(name: string, text: string): string {
  if (!/^3\.9\/.*bidir/.test(name)) return text
  return ['sum', 'sum_sent', 'sum_received'].reduce((changed, field) => {
    let count = 0
    return changed.replaceAll(`"${field}":`, (found) => (++count % 2 === 0 ? `"${field}_bidir_reverse":` : found))
  }, text)
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
