import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { NameRecords } from '../../../../src/driver/controller/name-records.ts'
import type { RecoveryNote } from '../../../../src/driver/controller/recovery.ts'
import type {
  ConnectRequest,
  Endpoint,
  Network,
  NetworkRequest,
  Sandbox,
  SandboxRequest,
} from '../../../../src/driver/model.ts'
import type { DockerRules } from '../../../../src/driver/networks/parented-network.ts'
import type { World } from '../../../helpers/netns-world.ts'
import type { Durations } from './controller-server.ts'
import type { Fault } from './faulty-driver.ts'

/** A controller in a world, called from outside; see controller-server.ts. */
export interface RemoteController {
  /** In the world. */
  readonly pid: number
  recovery(): Promise<RecoveryNote[]>
  createNetwork(request: NetworkRequest): Promise<Network>
  removeNetwork(name: string, options?: { predefined?: boolean }): Promise<void>
  createSandbox(request: SandboxRequest): Promise<Sandbox>
  removeSandbox(name: string): Promise<void>
  connect(request: ConnectRequest): Promise<Endpoint>
  disconnect(sandbox: string, network: string): Promise<void>
  networks(): Promise<Network[]>
  sandboxes(): Promise<Sandbox[]>
  endpoints(): Promise<Endpoint[]>
  nameRecords(): Promise<NameRecords>
  setDnsPorts(sandbox: string, ports: { udp: number; tcp: number }): Promise<void>
  failAt(fault?: Fault): Promise<void>
  openDescriptors(): Promise<number>
  upAndDown(network: string, count: number): Promise<Durations>
  /** Goes on until {@link kill}. */
  churn(seed: number): Promise<never>
  /** Closes it, and ends its process. */
  close(): Promise<void>
  /** Ends its process as a crash does. */
  kill(): Promise<void>
}

interface Answer {
  readonly ready?: number
  readonly failed?: { readonly message: string }
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly code?: string; readonly message: string }
}

/** @param program bundled controller-server.ts @throws what `Controller.open` throws */
export async function openRemote(world: World, program: string, rules: DockerRules = '28'): Promise<RemoteController> {
  const child = world.start(process.execPath, [program, rules], { stdio: 'pipe' })
  child.stderr?.pipe(process.stderr)
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  let last = 0
  const pid = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      const { ready, failed, id = 0, result, error } = JSON.parse(line) as Answer
      if (ready !== undefined) return resolve(ready)
      if (failed !== undefined) return reject(Object.assign(new Error(failed.message), failed))
      const call = waiting.get(id)
      waiting.delete(id)
      if (error) call?.reject(Object.assign(new Error(error.message), error))
      else call?.resolve(result)
    })
    child.once('exit', (status) => reject(new Error(`the controller ended with status ${status}`)))
  })
  const call = (method: string, args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject })
      child.stdin?.write(`${JSON.stringify({ id: last, method, args })}\n`)
    })
  const own = {
    pid,
    close: async () => {
      await call('close', [])
      child.stdin?.end()
      await ended(child)
    },
    kill: async () => {
      await world.run('kill', ['-9', String(pid)])
      await ended(child)
    },
  }
  return new Proxy(own as RemoteController, {
    get: (target, property: string) => {
      // a promise that resolves to it would ask whether it is one
      if (property === 'then') return undefined
      return property in own ? target[property as keyof typeof own] : (...args: unknown[]) => call(property, args)
    },
  })
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
  })
}
