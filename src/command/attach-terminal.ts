import { once } from 'node:events'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { messageOf, TsnetError } from '../errors.ts'
import { OutputFrames } from '../owners/docker/output-frames.ts'

export interface RunningContainer {
  /** What it reads and writes. */
  readonly stream: Socket
  readonly exit: Promise<number>
  readonly resize: (columns: number, rows: number) => Promise<void>
  /** Resolves with a status when we are told to end before it does. */
  readonly interrupted: Promise<number>
}

/** How long the last of the output may come after the end of the command, and the other way round. */
const LAST_OUTPUT_MS = 10_000

/**
 * This terminal, or these pipes, in the hands of a container until it ends; afterwards as they were.
 * @param terminal it has one of its own, whose size follows ours
 * @returns its exit status
 * @throws TsnetError `failed` when the engine goes away
 */
export async function holdTerminal(container: RunningContainer, terminal: boolean): Promise<number> {
  const { stream } = container
  const reader = takeReader()
  const release = [takeInput(stream, terminal), reader.release, terminal ? followSize(container) : () => undefined]
  const output = (terminal ? copyAll(stream) : copyFrames(stream)).catch(() => undefined)
  try {
    return await Promise.race([endOf(container.exit, output), reader.gone, container.interrupted])
  } finally {
    for (const each of release) each()
    stream.destroy()
  }
}

/** The command's end and that of its output come in any order; when only one does, the other is given up. */
async function endOf(exit: Promise<number>, output: Promise<void>): Promise<number> {
  let timer: NodeJS.Timeout | undefined
  try {
    await Promise.race([output, exit])
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_OUTPUT_MS)
    })
    await Promise.race([late, exit])
    await Promise.race([late, output])
    return await Promise.race([exit, late.then(() => Promise.reject(new Error('it closed the stream')))])
  } catch (cause) {
    throw new TsnetError('failed', `attach: the engine went away: ${messageOf(cause)}`, { cause })
  } finally {
    clearTimeout(timer)
  }
}

function takeInput(stream: Socket, terminal: boolean): () => void {
  const { stdin } = process
  if (terminal) stdin.setRawMode(true)
  // its end is passed on, which `cat` and `sh` wait for
  stdin.pipe(stream)
  stream.on('error', () => undefined)
  return () => {
    stdin.unpipe(stream)
    if (terminal) stdin.setRawMode(false)
    stdin.destroy()
  }
}

/** A reader that has seen enough (`| head`) ends the command, and not us before the container is removed. */
function takeReader(): { readonly gone: Promise<number>; readonly release: () => void } {
  const { stdout } = process
  const before = stdout.rawListeners('error') as ((error: Error) => void)[]
  stdout.removeAllListeners('error')
  const gone = new Promise<number>((resolve) => stdout.on('error', () => resolve(0)))
  return {
    gone,
    release: () => {
      stdout.removeAllListeners('error')
      for (const listener of before) stdout.on('error', listener)
    },
  }
}

function followSize({ resize }: RunningContainer): () => void {
  const { stdout } = process
  const tell = (): void => void resize(stdout.columns, stdout.rows)
  tell()
  stdout.on('resize', tell)
  return () => void stdout.off('resize', tell)
}

async function copyAll(stream: Socket): Promise<void> {
  for await (const chunk of stream) await write(process.stdout, chunk as Buffer)
}

async function copyFrames(stream: Socket): Promise<void> {
  const frames = new OutputFrames()
  for await (const chunk of stream) {
    for (const { stream: number, bytes } of frames.push(chunk as Buffer)) {
      await write(number === 2 ? process.stderr : process.stdout, bytes)
    }
  }
}

async function write(target: NodeJS.WriteStream, bytes: Buffer): Promise<void> {
  if (!target.write(bytes)) await once(target, 'drain')
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Resolves with the status of a program that a signal ended, so that what was made can be removed first. */
export function onSignal(): { readonly status: Promise<number>; readonly stop: () => void } {
  const listeners = new Map<NodeJS.Signals, () => void>()
  const status = new Promise<number>((resolve) => {
    for (const signal of SIGNALS) listeners.set(signal, () => resolve(128 + constants.signals[signal]))
  })
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return {
    status,
    stop: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener)
    },
  }
}
