import { messageOf, TsnetError } from '../errors.ts'
import { formatPath } from './schema.ts'
import { type HostSnapshot, SNAPSHOT_FORMAT } from './snapshot.ts'
import { snapshotSchema } from './snapshot-schema.ts'

/**
 * The snapshot in a file that `snapshot` wrote, checked field by field; fields that this program does not
 * know are kept.
 *
 * @throws TsnetError `input`, saying what is wrong and where: `host.json: namespaces[3].links[0].mtu: expected
 * number, found string`
 */
export function parseSnapshot(text: string, fileName: string): HostSnapshot {
  const value = parseJson(text, fileName)
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined
  if (typeof format !== 'number') {
    throw new TsnetError('input', `${fileName}: not a snapshot: it has no \`format\``, { hint: WRITE_ONE })
  }
  if (format !== SNAPSHOT_FORMAT) {
    throw new TsnetError('input', `${fileName}: format ${format}, and this program reads format ${SNAPSHOT_FORMAT}`, {
      hint: format > SNAPSHOT_FORMAT ? 'read it with a newer tsnet-shoot' : WRITE_ONE,
    })
  }
  const problem = snapshotSchema(value)
  if (problem) {
    const { path, expected, found } = problem
    throw new TsnetError('input', `${fileName}: ${formatPath(path)}: expected ${expected}, found ${found}`)
  }
  return value as HostSnapshot
}

const WRITE_ONE = 'write one with `tsnet-shoot snapshot -o FILE`'

function parseJson(text: string, fileName: string): unknown {
  if (text.trim() === '') throw new TsnetError('input', `${fileName}: the file is empty`, { hint: WRITE_ONE })
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (isEnd(text, cause)) {
      throw new TsnetError('input', `${fileName}: ends in the middle, after ${text.length} characters`, { cause })
    }
    // the engine's message quotes the file, so only the place is said
    const position = errorPosition(text, cause)
    const place = position === undefined ? '' : `, at ${lineAndColumn(text, position)}`
    throw new TsnetError('input', `${fileName}: not JSON${place}`, { cause })
  }
}

/** Whether the text is good as far as it goes. */
function isEnd(text: string, error: unknown): boolean {
  if (/^(?:Unexpected end of|Unterminated string in) JSON/.test(messageOf(error))) return true
  const position = saidPosition(error)
  return position !== undefined && position >= text.length
}

/** V8 gives the place only in some of its messages. */
function saidPosition(error: unknown): number | undefined {
  const position = /at position (\d+)/.exec(messageOf(error))?.[1]
  return position === undefined ? undefined : Number(position)
}

/** Above this many characters the search below is not worth its time. */
const MAX_SEARCHED = 1 << 24

/** Where the text stops being JSON: as said, or the length of the longest start that is good. */
function errorPosition(text: string, error: unknown): number | undefined {
  const said = saidPosition(error)
  if (said !== undefined) return said
  if (text.length > MAX_SEARCHED) return undefined
  let good = 0
  let bad = text.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (mayGoOn(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return good
}

function mayGoOn(start: string): boolean {
  try {
    JSON.parse(start)
    return true
  } catch (error) {
    return isEnd(start, error)
  }
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}
