import type { Command } from '../../src/command.ts'
import { runAgent } from '../../src/lab/agent/run-agent.ts'
import { stateFolder } from '../../src/lab/build/lab-paths.ts'

/** Started by `lab up`, one a lab; not listed. */
export const LAB_AGENT_COMMAND: Command = {
  name: 'lab agent',
  summary: 'Serve the names, published ports and workloads of a lab until it is down.',
  positionals: [{ name: 'LAB' }],
  options: [{ name: 'when-told', summary: 'begin with a line on stdin; end when there comes none' }],
  examples: [['lab agent pets-bridge', 'what lab up starts in the background']],
  async run({ positionals: [lab = ''], options }) {
    if (options.has('when-told') && !(await isTold())) return 0
    return runAgent({ lab, stateFolder: stateFolder(lab) })
  },
}

async function isTold(): Promise<boolean> {
  for await (const _ of process.stdin) return true
  return false
}
