import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { TsnetError } from '../../errors.ts'
import { askAgent } from './agent-channel.ts'
import { agentFiles } from './agent-files.ts'
import { type AgentRecord, isAlive, readRecord } from './agent-record.ts'
import type { AgentStatus } from './run-agent.ts'

const START_DEADLINE_MS = 30_000
const STOP_DEADLINE_MS = 10_000
const STATUS_DEADLINE_MS = 5000
const POLL_MS = 10
const LOG_LINES = 5

export interface LaunchOptions {
  readonly stateFolder: string
  /** Program and arguments of the agent: `[process.execPath, MAIN, 'lab', 'agent', LAB, '--when-told']`. */
  readonly command: readonly string[]
}

export interface StartOptions extends LaunchOptions {
  /** On its way already. */
  readonly launched?: LaunchedAgent | undefined
  /** Until it has tried to serve everything; default 30 s. */
  readonly deadlineMs?: number
}

/**
 * An agent's process that is on its way, which takes as long as to build a small lab. It serves when it is told to, and
 * ends with us when it never is.
 */
export interface LaunchedAgent {
  /** How its process ended. */
  readonly ended: Promise<string>
  begin(): void
  kill(): void
  /** It runs on when we end. */
  leave(): void
}

/**
 * Has a lab served: by an agent that runs on when we end, or by the one that serves it already, which reads the file
 * anew. Resolves once everything has been tried; what could not be served is `failed` in the status.
 *
 * @throws TsnetError `input` when the agent cannot read what it is to serve, `failed` with its last words
 */
export async function startAgent(options: StartOptions): Promise<AgentStatus> {
  const { stateFolder, deadlineMs = START_DEADLINE_MS } = options
  const files = agentFiles(stateFolder)
  const reloaded = await askAgent(files.socket, 'reload', deadlineMs)
  if (reloaded !== undefined) {
    options.launched?.kill()
    return reloaded as AgentStatus
  }
  const agent = options.launched ?? launchAgent(options)
  const patience = new AbortController()
  agent.begin()
  try {
    return await Promise.race([
      waitUntilReady(files.socket, deadlineMs, patience.signal),
      agent.ended.then((how) => Promise.reject(startFailure(how, files.log))),
    ])
  } catch (error) {
    agent.kill()
    throw error
  } finally {
    patience.abort()
    agent.leave()
  }
}

export function launchAgent({ stateFolder, command: [program = '', ...args] }: LaunchOptions): LaunchedAgent {
  const fd = openSync(agentFiles(stateFolder).log, 'w', 0o600)
  let child: ChildProcess
  try {
    child = spawn(program, args, { detached: true, cwd: '/', stdio: ['pipe', fd, fd] })
  } finally {
    closeSync(fd)
  }
  // it has ended: `ended` tells
  child.stdin?.on('error', () => undefined)
  return {
    ended: new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (status, signal) => resolve(signal === null ? `exit status ${status}` : `ended by ${signal}`))
    }),
    begin: () => void child.stdin?.end('\n'),
    kill: () => void child.kill('SIGKILL'),
    leave: () => child.unref(),
  }
}

async function waitUntilReady(socket: string, deadlineMs: number, signal: AbortSignal): Promise<AgentStatus> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const left = end - performance.now()
    if (left <= 0 || signal.aborted) throw new TsnetError('failed', `agent: not ready within ${deadlineMs} ms`)
    const ready = await askAgent(socket, 'ready', left)
    if (ready !== undefined) return ready as AgentStatus
    await pause(POLL_MS)
  }
}

function startFailure(how: string, log: string): TsnetError {
  const words = readFileSync(log, 'utf8').trim().split('\n').slice(-LOG_LINES).join('\n')
  return new TsnetError('failed', `agent: ${how}${words === '' ? '' : `: ${words}`}`)
}

/** Has the agent read the file anew. Undefined when none runs. @throws TsnetError `input` as {@link startAgent} */
export async function reloadAgent(stateFolder: string): Promise<AgentStatus | undefined> {
  return (await askAgent(agentFiles(stateFolder).socket, 'reload', START_DEADLINE_MS)) as AgentStatus | undefined
}

/** What is served; undefined when no agent runs. */
export async function agentStatus(stateFolder: string): Promise<AgentStatus | undefined> {
  return (await askAgent(agentFiles(stateFolder).socket, 'status', STATUS_DEADLINE_MS)) as AgentStatus | undefined
}

/**
 * Ends the agent with all that it serves; resolves when its process is gone. No error when none runs. One that does not
 * answer is killed, and only if the process is still the one that was started.
 */
export async function stopAgent(stateFolder: string, { deadlineMs = STOP_DEADLINE_MS } = {}): Promise<void> {
  const files = agentFiles(stateFolder)
  const record = readRecord(files.record)
  await askAgent(files.socket, 'stop', deadlineMs).catch(() => undefined)
  if (record && !(await isGone(record, deadlineMs))) await kill(record, deadlineMs)
  for (const path of [files.socket, files.record]) rmSync(path, { force: true })
}

async function isGone(record: AgentRecord, deadlineMs: number): Promise<boolean> {
  const end = performance.now() + deadlineMs
  while (isAlive(record)) {
    if (performance.now() > end) return false
    await pause(POLL_MS)
  }
  return true
}

async function kill(record: AgentRecord, deadlineMs: number): Promise<void> {
  if (isAlive(record)) process.kill(record.pid, 'SIGKILL')
  if (!(await isGone(record, deadlineMs))) throw new TsnetError('failed', `agent: process ${record.pid} does not end`)
}
