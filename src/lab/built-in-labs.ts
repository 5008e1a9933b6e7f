import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf, TsnetError } from '../errors.ts'
import { MAX_FILE_BYTES } from '../model/file/document.ts'
import { didYouMean } from '../model/nearest.ts'

/** Seen from the built program, and from the source. */
const PLACES = ['../labs/', '../../labs/']

/** A lab file's text and what it is called in messages. */
export interface LabText {
  readonly file: string
  readonly text: string
}

/** Names of the labs that come with the program. */
export function builtInLabs(): readonly string[] {
  const folder = builtInFolder()
  if (folder === undefined) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => basename(name, '.yaml'))
    .sort()
}

/**
 * The text of a lab that comes with the program, by its name, or of a file: whatever has a slash or a dot in it, or is
 * there; `-` is stdin.
 *
 * @throws TsnetError `usage` for a name that is none, `input` for a file that cannot be read
 */
export function readLabText(nameOrFile: string): LabText {
  if (nameOrFile === '-') return { file: 'stdin', text: readText(0, 'stdin') }
  const builtIn = `${builtInFolder() ?? ''}${nameOrFile}.yaml`
  const isName = /^[A-Za-z0-9-]+$/.test(nameOrFile)
  if (isName && existsSync(builtIn)) return { file: `${nameOrFile}.yaml`, text: readText(builtIn, nameOrFile) }
  if (!isName || existsSync(nameOrFile)) return { file: nameOrFile, text: readText(nameOrFile, nameOrFile) }
  const names = builtInLabs()
  throw new TsnetError('usage', `lab ${nameOrFile}: no such lab, and no such file${didYouMean(nameOrFile, names)}`, {
    hint: `Labs: ${names.join(' ')}`,
  })
}

function builtInFolder(): string | undefined {
  return PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path))
}

function readText(path: string | number, name: string): string {
  try {
    // a file of another kind may have no end
    if (typeof path === 'string' && statSync(path).size > MAX_FILE_BYTES) {
      throw new TsnetError('input', `${name}: more than ${MAX_FILE_BYTES} bytes`)
    }
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof TsnetError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    throw new TsnetError('input', `${name}: ${code === 'ENOENT' ? 'no such file' : (code ?? messageOf(cause))}`, {
      cause,
    })
  }
}
