import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Probe {
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly address: string
  readonly port?: number
  readonly source?: string
  /** Source port, or the id of an echo: by which a packet is known on its way. */
  readonly mark?: number
}

/** Somebody in a namespace who listens and sends: agent.ts. */
export interface Agent {
  /** `answer`, `silence` or `error CODE`. */
  send(probe: Probe): Promise<string>
  close(): Promise<void>
}

/** @param child node with the bundled agent.ts, its stdio pipes */
export async function agentOf(child: ChildProcess, namespace: string): Promise<Agent> {
  const { stdout, stdin } = child
  if (stdout === null || stdin === null) throw new Error('agent: no pipes')
  const waiting = new Map<number, (result: string) => void>()
  let isReady: () => void = () => {}
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve
    child.once('exit', (code) => reject(new Error(`agent in ${namespace}: exit ${code}: ${errorOf(child)}`)))
  })
  createInterface({ input: stdout }).on('line', (line) => {
    if (line === 'ready') return isReady()
    const { id, result } = JSON.parse(line) as { id: number; result: string }
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  await ready
  child.once('exit', () => {
    for (const resolve of waiting.values()) resolve('the agent ended')
  })
  let next = 0
  return {
    send: (probe) =>
      new Promise((resolve) => {
        const id = next++
        waiting.set(id, resolve)
        stdin.write(`${JSON.stringify({ id, ...probe })}\n`)
      }),
    close: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit')
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
        stdin.end()
      }),
  }
}

function errorOf({ stderr }: ChildProcess): string {
  return String(stderr?.read() ?? '')
}
