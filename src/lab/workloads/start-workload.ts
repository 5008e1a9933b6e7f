import { startCommand } from './command-workload.ts'
import { startEcho } from './echo-workload.ts'
import { startHttp } from './http-workload.ts'
import { startKeyValue } from './kv-workload.ts'
import type { RunningWorkload, StartWorkload, WorkloadContext } from './running-workload.ts'
import { startWeb } from './web-workload.ts'

export type WorkloadKind = 'http' | 'echo' | 'kv' | 'web' | 'command'

const STARTERS: Readonly<Record<WorkloadKind, StartWorkload>> = {
  http: startHttp,
  echo: startEcho,
  kv: startKeyValue,
  web: startWeb,
  command: startCommand,
}

/** Resolves when it serves. @throws TsnetError `failed` when its port is taken */
export function startWorkload(kind: WorkloadKind, context: WorkloadContext): Promise<RunningWorkload> {
  return STARTERS[kind](context)
}
