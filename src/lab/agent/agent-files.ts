import { join } from 'node:path'

/** What an agent keeps in the state folder of its lab. */
export interface AgentFiles {
  /** Unix socket, mode 0600: whoever may open it may stop the lab. */
  readonly socket: string
  /** Which process it is. */
  readonly record: string
  /** Its stderr. */
  readonly log: string
  /** One file a command workload. */
  readonly outputs: string
}

export function agentFiles(stateFolder: string): AgentFiles {
  return {
    socket: join(stateFolder, 'agent.sock'),
    record: join(stateFolder, 'agent.json'),
    log: join(stateFolder, 'agent.log'),
    outputs: join(stateFolder, 'output'),
  }
}
