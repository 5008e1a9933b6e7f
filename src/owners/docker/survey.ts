import { messageOf } from '../../errors.ts'
import type { Container, Hidden, Network } from '../../model/snapshot.ts'
import { type EngineEndpoint, engineGet } from '../engine-request.ts'
import type { SurveyedContainer } from '../surveyed-container.ts'
import { asObjects } from '../untrusted.ts'
import { type ContainerDetail, decodeContainer, decodeContainerDetail, decodeNetwork } from './decode.ts'

export interface DockerSurvey {
  readonly containers: readonly SurveyedContainer[]
  readonly networks: readonly Network[]
  readonly hidden: readonly Hidden[]
}

/**
 * What one Docker Engine knows about its containers and networks (Engine API, the oldest version it still serves).
 * It never throws: an engine that hangs, dies or talks nonsense becomes an entry of `hidden`.
 */
export async function surveyDocker(endpoint: EngineEndpoint): Promise<DockerSurvey> {
  const hidden: Hidden[] = []
  const hide = (what: string, error: unknown) => hidden.push(reasonFor(endpoint.socket, what, error))
  const [containers, networks] = await Promise.all([
    engineGet(endpoint, '/containers/json?all=1')
      .then(decodeList(decodeContainer))
      .catch((error) => hide('', error)),
    engineGet(endpoint, '/networks')
      .then(decodeList(decodeNetwork))
      .catch((error) => hide('networks', error)),
  ])
  const listed = Array.isArray(containers) ? containers : []
  const detailed = await inspectAll(endpoint, listed, (error) => hide('details of containers', error))
  return { containers: detailed, networks: Array.isArray(networks) ? networks : [], hidden: oncePerSubject(hidden) }
}

function decodeList<T>(decode: (json: Parameters<typeof decodeContainer>[0]) => T | undefined): (json: unknown) => T[] {
  return (json) => {
    if (!Array.isArray(json)) throw new Error('its answer is not a list')
    return asObjects(json).flatMap((item) => decode(item) ?? [])
  }
}

/** Requests open at once; the engine takes its locks for each, more only queue there. */
const CONCURRENT = 8

async function inspectAll(
  endpoint: EngineEndpoint,
  containers: readonly Container[],
  hide: (error: unknown) => void,
): Promise<SurveyedContainer[]> {
  const details = new Map<string, ContainerDetail>()
  const waiting = containers.filter(({ state }) => state === 'running' || state === 'paused').values()
  const work = async () => {
    for (const { id } of waiting) {
      if (endpoint.signal.aborted) return hide(new Error('it did not answer in time'))
      try {
        details.set(id, decodeContainerDetail(await engineGet(endpoint, `/containers/${encodeURIComponent(id)}/json`)))
      } catch (error) {
        if (!isGone(error)) hide(error)
      }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, work))
  return containers.map((container) => withDetail(container, details.get(container.id)))
}

/** Removed between the list and the question. */
function isGone(error: unknown): boolean {
  return messageOf(error).endsWith('status 404')
}

function withDetail(container: Container, detail: ContainerDetail | undefined): SurveyedContainer {
  if (detail === undefined) return { container, sharesSandbox: sharesSandbox(container) }
  const { networks, pid, sandboxKey } = detail
  return {
    container: networks.length === 0 ? container : { ...container, networks },
    sharesSandbox: sharesSandbox(container),
    ...(pid === undefined ? {} : { enginePid: pid }),
    ...(sandboxKey === undefined ? {} : { sandboxKey }),
  }
}

function sharesSandbox({ networkMode }: Container): boolean {
  return networkMode === 'host' || networkMode?.startsWith('container:') === true
}

function reasonFor(socket: string, what: string, error: unknown): Hidden {
  const subject = what === '' ? `docker (${socket})` : `${what} of docker (${socket})`
  const denied = (error as NodeJS.ErrnoException).code === 'EACCES'
  return {
    subject,
    reason: messageOf(error),
    ...(denied ? { hint: 'run as root, or as a member of the group docker' } : {}),
  }
}

function oncePerSubject(hidden: readonly Hidden[]): Hidden[] {
  return [...new Map(hidden.map((entry) => [entry.subject, entry])).values()]
}
