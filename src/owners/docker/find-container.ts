import { messageOf } from '../../errors.ts'
import { engineRequest } from '../engine-request.ts'
import { asObject, asText } from '../untrusted.ts'

export interface FoundContainer {
  /** Of the engine that has it. */
  readonly socket: string
  readonly id: string
  readonly name: string
  /** `running`, `exited`, `paused`, … */
  readonly state: string
}

export interface ContainerSearch {
  readonly found: FoundContainer | undefined
  /** Engines that could not be asked, each with the reason. */
  readonly silent: readonly string[]
}

/** What an engine takes for the name of a container (moby, daemon/names). */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/
const DEADLINE_MS = 10_000

/** The container that a name, an id or the beginning of an id means to the first engine that knows it. */
export async function findContainer(sockets: readonly string[], name: string): Promise<ContainerSearch> {
  const silent: string[] = []
  if (!NAME.test(name)) return { found: undefined, silent }
  for (const socket of sockets) {
    try {
      const found = await ask(socket, name)
      if (found !== undefined) return { found, silent }
    } catch (error) {
      silent.push(`${socket}: ${messageOf(error)}`)
    }
  }
  return { found: undefined, silent }
}

async function ask(socket: string, name: string): Promise<FoundContainer | undefined> {
  const endpoint = { socket, signal: AbortSignal.timeout(DEADLINE_MS) }
  const { status, body } = await engineRequest(endpoint, { method: 'GET', path: `/containers/${name}/json` })
  if (status === 404) return undefined
  if (status !== 200) throw new Error(`it answered with status ${status}`)
  const container = asObject(JSON.parse(body.toString('utf8')))
  const id = asText(container['Id'])
  if (!/^[0-9a-f]{12,}$/.test(id)) throw new Error('its answer has no id')
  return {
    socket,
    id,
    name: asText(container['Name']).replace(/^\//, ''),
    state: asText(asObject(container['State'])['Status']),
  }
}
