import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Controller } from '../../../../src/driver/controller/controller.ts'
import type { ConnectRequest, Endpoint, NetworkRequest, SandboxRequest } from '../../../../src/driver/model.ts'
import type { DockerRules } from '../../../../src/driver/networks/parented-network.ts'
import { churn } from './churn.ts'
import type { Fault } from './faulty-driver.ts'
import { openSetting, type Setting } from './setting.ts'

/** A controller inside a world, that a test outside calls: one request a line, one answer a line. */
interface Call {
  readonly id: number
  readonly method: keyof ReturnType<typeof methodsOf>
  readonly args: readonly unknown[]
}

function methodsOf({ controller, faulty }: Setting) {
  return {
    recovery: () => controller.recovery,
    createNetwork: (request: NetworkRequest) => controller.createNetwork(request),
    removeNetwork: (name: string, options: { predefined?: boolean } = {}) => controller.removeNetwork(name, options),
    createSandbox: (request: SandboxRequest) => controller.createSandbox(request),
    removeSandbox: (name: string) => controller.removeSandbox(name),
    connect: (request: ConnectRequest) => controller.connect(request),
    disconnect: (sandbox: string, network: string) => controller.disconnect(sandbox, network),
    networks: () => controller.networks(),
    sandboxes: () => controller.sandboxes(),
    endpoints: () => controller.endpoints(),
    endpointInfo: (endpoint: Endpoint) => controller.endpointInfo(endpoint),
    nameRecords: () => controller.nameRecords(),
    setDnsPorts: (sandbox: string, ports: { udp: number; tcp: number }) => controller.setDnsPorts(sandbox, ports),
    failAt: (fault: Fault | undefined) => faulty.failAt(fault),
    openDescriptors: () => readdirSync('/proc/self/fd').length,
    upAndDown: (network: string, count: number) => upAndDown(controller, network, count),
    churn: (seed: number) => churn(controller, seed),
    close: () => controller.close(),
  }
}

export interface Durations {
  readonly upMs: number
  readonly downMs: number
}

/** Many sandboxes at once, made, connected and removed. */
async function upAndDown(controller: Controller, network: string, count: number): Promise<Durations> {
  const names = Array.from({ length: count }, (_, number) => `s${number}`)
  const start = performance.now()
  await Promise.all(
    names.map(async (name) => {
      await controller.createSandbox({ name })
      await controller.connect({ sandbox: name, network })
    }),
  )
  const up = performance.now()
  await Promise.all(names.map((name) => controller.removeSandbox(name)))
  return { upMs: up - start, downMs: performance.now() - up }
}

const [rules = '28'] = process.argv.slice(2)

function answer(object: object): void {
  process.stdout.write(`${JSON.stringify(object)}\n`)
}

async function serve(): Promise<void> {
  const methods = methodsOf(await openSetting(rules as DockerRules)) as Record<string, (...args: unknown[]) => unknown>
  answer({ ready: process.pid })
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, args } = JSON.parse(line) as Call
    void Promise.resolve()
      .then(() => methods[method]?.(...args))
      .then(
        (result) => answer({ id, result }),
        (error: { code?: string; message: string }) =>
          answer({ id, error: { code: error.code, message: error.message } }),
      )
  }
}

serve().catch((error: { code?: string; message: string }) => {
  answer({ failed: { code: error.code, message: error.message } })
  process.exitCode = 1
})
