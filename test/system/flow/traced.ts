import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { World } from '../../helpers/netns-world.ts'
import type { TracedDrop } from './trace-drops.ts'

/** Somebody who hears the kernel's rule traces in every namespace. */
export interface Trace {
  /** What was dropped so far; ends it. */
  drops(): Promise<readonly TracedDrop[]>
}

/** @param program path of the bundled trace-drops.ts */
export async function tracedBy(world: World, program: string): Promise<Trace> {
  const child = world.start(process.execPath, [program], { stdio: 'pipe' })
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('trace: no pipes')
  stderr.resume()
  const lines = createInterface({ input: stdout })
  const [first] = (await once(lines, 'line')) as [string]
  if (first !== 'ready') throw new Error(`trace: ${first}`)
  return {
    drops: async () => {
      const answer = once(lines, 'line')
      stdin.end()
      const [line] = (await answer) as [string]
      return JSON.parse(line) as TracedDrop[]
    },
  }
}
