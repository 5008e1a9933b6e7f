import { rmSync, statSync } from 'node:fs'
import { messageOf } from '../../errors.ts'
import { type AgentRequest, openChannel } from './agent-channel.ts'
import { agentFiles } from './agent-files.ts'
import { writeOwnRecord } from './agent-record.ts'
import { type LabStatus, ServedLab } from './served-lab.ts'

export interface AgentOptions {
  readonly lab: string
  /** Holds what is to be served, and the agent's own files. The agent ends when it is removed. */
  readonly stateFolder: string
}

export interface AgentStatus extends LabStatus {
  readonly lab: string
  readonly pid: number
  /** ISO 8601. */
  readonly startedAt: string
}

const FOLDER_POLL_MS = 500
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Serves a lab until it is told to stop, by its socket, SIGTERM, or the end of the state folder. Resolves with the exit
 * status of the process once nothing of it is left: 0, or 2 when what is to be served cannot be read at all.
 *
 * @throws TsnetError `failed` when another agent serves this lab
 */
export async function runAgent({ lab, stateFolder }: AgentOptions): Promise<number> {
  const files = agentFiles(stateFolder)
  const startedAt = new Date().toISOString()
  const served = new ServedLab(stateFolder)
  const end = new End()
  const status = (): AgentStatus => ({ lab, pid: process.pid, startedAt, ...served.status() })
  let first: Promise<void> = Promise.resolve()
  const handlers: Readonly<Record<AgentRequest, () => Promise<unknown>>> = {
    status: async () => status(),
    ready: () => first.then(status),
    reload: () => served.load().then(status),
    stop: async () => {
      end.come(0)
      await served.close()
    },
  }
  const channel = await openChannel(files.socket, (request) => handlers[request]())
  writeOwnRecord(files.record)
  const stopWatching = watchForEnd(end, stateFolder)
  first = served.load()
  first.catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`)
    end.come(2)
  })
  const exitStatus = await end.reached
  await served.close()
  await channel.close()
  stopWatching()
  for (const path of [files.socket, files.record]) rmSync(path, { force: true })
  return exitStatus
}

/** The first reason to end counts. */
class End {
  readonly reached: Promise<number>
  come: (exitStatus: number) => void = () => undefined

  constructor() {
    this.reached = new Promise((resolve) => {
      this.come = resolve
    })
  }
}

function watchForEnd(end: End, stateFolder: string): () => void {
  const stop = (): void => end.come(0)
  for (const signal of SIGNALS) process.on(signal, stop)
  const { ino } = statSync(stateFolder)
  const poll = setInterval(() => {
    if (statSync(stateFolder, { throwIfNoEntry: false })?.ino !== ino) stop()
  }, FOLDER_POLL_MS)
  return () => {
    clearInterval(poll)
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}
