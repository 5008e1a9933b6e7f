import type { Socket } from 'node:net'
import { messageOf, TsnetError } from '../../errors.ts'
import { type EngineAnswer, type EngineEndpoint, type EngineQuestion, engineRequest } from '../engine-request.ts'
import { openEngineStream } from '../engine-stream.ts'
import { asObject, asObjects, asText } from '../untrusted.ts'

/** Which process such a container was made for; it goes when that one has gone. */
export const MADE_FOR_LABEL = 'tsnet.attached-by'

export interface SideContainerPlan {
  readonly image: string
  /** Id of the container whose network and processes it shares. */
  readonly beside: string
  /** Empty: what the image does by itself. */
  readonly command: readonly string[]
  readonly terminal: boolean
  /** Rows and columns of it from the beginning, where the engine knows how (API 1.42). */
  readonly size: readonly [number, number]
  /** `NAME=value`. */
  readonly environment: readonly string[]
  /** Value of {@link MADE_FOR_LABEL}. */
  readonly madeFor: string
}

/** What looking into a network takes: rules, packets, other namespaces, processes of others. */
const CAPABILITIES = ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE']

/** An engine with its files on a slow disk copies a whole image first. */
const DEADLINE_MS = 120_000
const SIZE_LIMIT = 0xff_ff

/** No key leaves the container running by itself: it ends with the command. Docker's own ctrl-p would eat keys. */
const DETACH_KEYS = Array.from({ length: 8 }, () => 'ctrl-@').join(',')

/** Whether the engine has the image. @throws TsnetError `failed` */
export async function hasImage(socket: string, image: string): Promise<boolean> {
  const { status } = await call(socket, `look for the image ${image}`, {
    method: 'GET',
    path: `/images/${encodeURIComponent(image)}/json`,
  })
  return status === 200
}

/** A container beside another one, through the Engine API: made, attached to, started, removed. */
export class SideContainer {
  readonly id: string
  readonly #socket: string

  private constructor(socket: string, id: string) {
    this.#socket = socket
    this.id = id
  }

  /** @throws TsnetError `failed`, with what the engine said */
  static async create(socket: string, plan: SideContainerPlan): Promise<SideContainer> {
    const what = `start a container of ${plan.image}`
    const answer = await call(socket, what, {
      method: 'POST',
      path: '/containers/create',
      content: settingsOf(plan),
    })
    if (answer.status !== 201) throw refused(what, answer)
    const id = asText(asObject(jsonOf(answer))['Id'])
    if (!/^[0-9a-f]{12,}$/.test(id)) throw new TsnetError('failed', `${what}: the engine’s answer has no id`)
    return new SideContainer(socket, id)
  }

  /** What it reads and writes, from its first byte on: before it starts. */
  async open(): Promise<Socket> {
    const streams = `stream=1&stdin=1&stdout=1&stderr=1&detachKeys=${DETACH_KEYS}`
    try {
      return await openEngineStream(this.#endpoint(), `/containers/${this.id}/attach?${streams}`)
    } catch (cause) {
      throw new TsnetError('failed', `attach to the container: ${messageOf(cause)}`, { cause })
    }
  }

  async start(): Promise<void> {
    const what = 'start the container'
    const answer = await call(this.#socket, what, { method: 'POST', path: `/containers/${this.id}/start` })
    if (answer.status >= 300) throw refused(what, answer)
  }

  /**
   * Its exit status, as soon as it ends; to be asked before it starts, with `begun` for when the engine listens.
   * @throws Error when the engine goes away, or the signal gives up
   */
  async exitStatus(signal: AbortSignal, onBegun: () => void): Promise<number> {
    const path = `/containers/${this.id}/wait?condition=next-exit`
    const answer = await engineRequest({ socket: this.#socket, signal }, { method: 'POST', path, onBegun })
    const status = asObject(jsonOf(answer))['StatusCode']
    if (typeof status !== 'number') throw new Error(`it answered with status ${answer.status}`)
    return status
  }

  /** Of its terminal, in characters; a size that the engine does not take yet is no error. */
  async resize(columns: number, rows: number): Promise<void> {
    if (columns < 1 || rows < 1 || columns > SIZE_LIMIT || rows > SIZE_LIMIT) return
    const path = `/containers/${this.id}/resize?w=${columns}&h=${rows}`
    await engineRequest(this.#endpoint(), { method: 'POST', path }).catch(() => undefined)
  }

  /** Ended and removed; that it went away by itself is no error. @throws TsnetError `failed` */
  remove(): Promise<void> {
    return removeContainer(this.#socket, this.id)
  }

  #endpoint(): EngineEndpoint {
    return { socket: this.#socket, signal: AbortSignal.timeout(DEADLINE_MS) }
  }
}

async function removeContainer(socket: string, id: string): Promise<void> {
  const what = `remove the container ${id.slice(0, 12)}`
  const answer = await call(socket, what, { method: 'DELETE', path: `/containers/${id}?force=1&v=1` })
  if (answer.status === 409) {
    // it removes itself at this moment
    await call(socket, what, { method: 'POST', path: `/containers/${id}/wait?condition=removed` })
  } else if (answer.status >= 300 && answer.status !== 404) throw refused(what, answer)
}

/** Containers of this kind whose process is gone, removed; gives how many. */
export async function removeForsaken(socket: string, isGone: (madeFor: string) => boolean): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ label: [MADE_FOR_LABEL] }))
  const answer = await call(socket, 'list containers', {
    method: 'GET',
    path: `/containers/json?all=1&filters=${filters}`,
  })
  const forsaken = asObjects(jsonOf(answer)).filter((container) => {
    const madeFor = asText(asObject(container['Labels'])[MADE_FOR_LABEL])
    return madeFor !== '' && isGone(madeFor)
  })
  for (const container of forsaken) await removeContainer(socket, asText(container['Id']))
  return forsaken.length
}

/** Body of ContainerCreate. */
function settingsOf({ image, beside, command, terminal, size, environment, madeFor }: SideContainerPlan): unknown {
  return {
    Image: image,
    ...(command.length === 0 ? {} : { Cmd: command }),
    Env: environment,
    Tty: terminal,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ['NONE'] },
    Labels: { tsnet: 'attach', [MADE_FOR_LABEL]: madeFor },
    HostConfig: {
      NetworkMode: `container:${beside}`,
      PidMode: `container:${beside}`,
      CapAdd: CAPABILITIES,
      AutoRemove: true,
      ...(terminal ? { ConsoleSize: size } : {}),
    },
  }
}

async function call(socket: string, what: string, question: EngineQuestion): Promise<EngineAnswer> {
  try {
    return await engineRequest({ socket, signal: AbortSignal.timeout(DEADLINE_MS) }, question)
  } catch (cause) {
    throw new TsnetError('failed', `${what}: the engine at ${socket}: ${messageOf(cause)}`, { cause })
  }
}

/** Engines say why in `message` (Engine API, ErrorResponse). */
function refused(what: string, answer: EngineAnswer): TsnetError {
  const message = asText(asObject(jsonOf(answer))['message']) || `status ${answer.status}`
  return new TsnetError('failed', `${what}: the engine refuses: ${message}`)
}

function jsonOf({ body }: EngineAnswer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
