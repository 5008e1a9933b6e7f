import { agentStatus, reloadAgent, startAgent, stopAgent } from '../../../src/lab/agent/agent-client.ts'
import { runAgent } from '../../../src/lab/agent/run-agent.ts'

/** What `tsnet-shoot lab` does with an agent, by itself: `node PROGRAM start FOLDER`. */
const [, program = '', action = '', stateFolder = ''] = process.argv

const command = [process.execPath, program, 'agent', stateFolder]

const ACTIONS: Readonly<Record<string, () => Promise<unknown>>> = {
  start: () => startAgent({ stateFolder, command, deadlineMs: 20_000 }),
  reload: () => reloadAgent(stateFolder),
  status: () => agentStatus(stateFolder),
  stop: () => stopAgent(stateFolder, { deadlineMs: 5000 }),
}

if (action === 'agent') {
  process.exitCode = await runAgent({ lab: 'agents', stateFolder })
} else {
  try {
    console.log(JSON.stringify((await ACTIONS[action]?.()) ?? null))
  } catch (error) {
    console.error(String(error))
    process.exitCode = 1
  }
}
