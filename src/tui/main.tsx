import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { messageOf } from '../errors.ts'
import type { LiveHost } from '../inspect/live-host.ts'
import type { Ask } from './asks/ask.ts'
import { startAskChild } from './asks/ask-child.ts'
import { startCaptureChild } from './capture/capture-child.ts'
import type { LabService } from './labs/lab.ts'
import { startLabChild } from './labs/lab-child.ts'
import type { Output } from './screen/terminal.ts'
import { withoutFetch } from './screen/without-fetch.ts'
import { prepareYoga } from './screen/yoga.ts'

export interface TuiOptions {
  readonly input?: NodeJS.ReadStream
  readonly output?: Output
  readonly environment?: NodeJS.ProcessEnv
  /** Where ctrl-s saves to. */
  readonly directory?: string
  /** Options with which another process of this program reads the same facts. */
  readonly factsOptions?: readonly string[]
}

/** Shows a host on a terminal until the person leaves. Resolves with the exit status; the host stays open. */
export async function runTui(host: LiveHost, options: TuiOptions = {}): Promise<number> {
  for (const flag of SMALL_HEAP) setFlagsFromString(flag)
  const { Screen } = await withoutFetch(async () => {
    const [screen] = await Promise.all([import('./screen/screen.tsx'), prepareYoga()])
    return screen
  })
  const screen = new Screen(host, {
    input: options.input ?? process.stdin,
    output: options.output ?? process.stdout,
    environment: options.environment ?? process.env,
    program: PROGRAM,
    labs: OWN_LABS,
    asks: { start: (ask) => startAskChild(PROGRAM, withFacts(ask, options.factsOptions ?? [])) },
    captures: {
      start: (words, listener) => startCaptureChild(PROGRAM, [...words, ...(options.factsOptions ?? [])], listener),
    },
    save: (name, content) => saveFile(options.directory ?? process.cwd(), name, content),
  })
  return screen.run()
}

/**
 * What is alive after 200 namespaces were read is some 37 MB; V8 would let it grow to 110, and its nursery to 32, before
 * it looks. Not earlier: the compiled code of another set of flags is not taken.
 */
const SMALL_HEAP = ['--semi-space-growth-factor=1', '--heap-growing-percent=30']

const PROGRAM = [process.execPath, process.argv[1] ?? ''] as const

/** Pages of findings are about no host. */
function withFacts(ask: Ask, factsOptions: readonly string[]): Ask {
  return ask.kind === 'pages' ? ask : { ...ask, words: [...ask.words, ...factsOptions] }
}

/** What reads lab files is loaded when somebody looks at labs. */
const OWN_LABS: LabService = {
  list: async () => (await import('./labs/own-labs.ts')).listOwnLabs(),
  describe: async (name) => (await import('./labs/own-labs.ts')).describeOwnLab(name),
  start: (kind, name, progress) => startLabChild(PROGRAM, { kind, name, progress }),
}

/** Writes a new file, never over another, and says where it is. */
async function saveFile(directory: string, name: string, content: string | Uint8Array): Promise<string> {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const path = join(directory, `tsnet-${name}-${stamp}.${typeof content === 'string' ? 'txt' : 'pcapng'}`)
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 })
    return `saved to ${path}`
  } catch (error) {
    return `not saved: ${messageOf(error)}`
  }
}
