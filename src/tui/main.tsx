import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import type { LiveHost } from '../inspect/live-host.ts'
import type { Output } from './screen/terminal.ts'
import { withoutFetch } from './screen/without-fetch.ts'
import { prepareYoga } from './screen/yoga.ts'

export interface TuiOptions {
  readonly input?: NodeJS.ReadStream
  readonly output?: Output
  readonly environment?: NodeJS.ProcessEnv
  /** Where ctrl-s saves to. */
  readonly directory?: string
}

/** Shows a host on a terminal until the person leaves. Resolves with the exit status; the host stays open. */
export async function runTui(host: LiveHost, options: TuiOptions = {}): Promise<number> {
  const { Screen } = await withoutFetch(async () => {
    const [screen] = await Promise.all([import('./screen/screen.tsx'), prepareYoga()])
    return screen
  })
  const screen = new Screen(host, {
    input: options.input ?? process.stdin,
    output: options.output ?? process.stdout,
    environment: options.environment ?? process.env,
    save: (name, text) => saveText(options.directory ?? process.cwd(), name, text),
  })
  return screen.run()
}

/** Writes a new file, never over another, and says where it is. */
async function saveText(directory: string, name: string, text: string): Promise<string> {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const path = join(directory, `tsnet-${name}-${stamp}.txt`)
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
    return `saved to ${path}`
  } catch (error) {
    return `not saved: ${messageOf(error)}`
  }
}
