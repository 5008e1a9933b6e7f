import type { NetworkHost } from '../../driver/network-host.ts'

/** What a workload is started with. */
export interface WorkloadContext {
  /** Shown on pages. */
  readonly name: string
  /** The container's namespace. */
  readonly sandbox: NetworkHost
  /** The one address to listen on; absent = all. */
  readonly address?: string
  /** Absent = the kind's own. */
  readonly port?: number
  readonly environment: Readonly<Record<string, string>>
  /** Program and arguments, of `command`. */
  readonly command?: readonly string[]
  /** File that the output of a command goes into. */
  readonly logFile: string
}

export interface WorkloadState {
  readonly state: 'serving' | 'ended'
  /** `port 80`, `pid 4711`, `exit status 1`. */
  readonly detail: string
}

export interface RunningWorkload {
  describe(): WorkloadState
  /** Resolves when nothing of it is left. */
  close(): Promise<void>
}

export type StartWorkload = (context: WorkloadContext) => Promise<RunningWorkload>
