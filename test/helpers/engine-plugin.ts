import { type ChildProcess, spawn } from 'node:child_process'
import { type DockerEngine, until } from './docker-engine.ts'
import { builtProgram } from './netns-program.ts'

/** `tsnet-shoot driver serve` beside an engine of the tests, in its network and mount namespaces. */
export interface EnginePlugin {
  /** What it has written to stderr so far. */
  readonly log: string
  /** Ends it by the signal and waits for its end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const START_DEADLINE_MS = 30_000
const END_DEADLINE_MS = 30_000
/** A tmpfs of the engine's own. */
const STATE = '/run/tsnet-state'

/** Starts the plugin and waits until it listens. @param options more words for `driver serve` */
export async function startPlugin(engine: DockerEngine, ...options: string[]): Promise<EnginePlugin> {
  const program = await builtProgram()
  const inside = ['--target', String(engine.keeperPid), '--net', '--mount', '--']
  const serve = [process.execPath, program, 'driver', 'serve', '--state', STATE, ...options]
  const child = spawn('nsenter', [...inside, ...serve], { stdio: ['ignore', 'ignore', 'pipe'] })
  const plugin = new RunningPlugin(child)
  await until('the plugin listens', START_DEADLINE_MS, () => {
    if (child.exitCode !== null) throw new Error(`the plugin ended with ${child.exitCode}:\n${plugin.log}`)
    return plugin.log.includes('listening on')
  })
  return plugin
}

class RunningPlugin implements EnginePlugin {
  readonly #child: ChildProcess
  log = ''

  constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString()
    })
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child.kill(signal)
    await until('the plugin ends', END_DEADLINE_MS, () => {
      return this.#child.exitCode !== null || this.#child.signalCode !== null
    })
  }
}
