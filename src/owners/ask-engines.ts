import { setMaxListeners } from 'node:events'
import type { Hidden, Network } from '../model/snapshot.ts'
import { surveyDocker } from './docker/survey.ts'
import { surveyPodman } from './podman/survey.ts'
import type { SurveyedContainer } from './surveyed-container.ts'

export interface EngineAnswers {
  readonly surveyed: readonly SurveyedContainer[]
  readonly networks: readonly Network[]
  readonly hidden: readonly Hidden[]
}

/** Asks every engine at once; whatever is still open after the deadline is given up. */
export async function askEngines(
  docker: readonly string[],
  podman: readonly string[],
  deadlineMs: number,
): Promise<EngineAnswers> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), deadlineMs)
  try {
    const { signal } = deadline
    // every request of a survey waits for it
    setMaxListeners(0, signal)
    const surveys = await Promise.all([
      ...docker.map((socket) => surveyDocker({ socket, signal })),
      ...podman.map((socket) => surveyPodman({ socket, signal })),
    ])
    return {
      surveyed: surveys.flatMap(({ containers }) => containers),
      networks: surveys.flatMap(({ networks }) => networks),
      hidden: surveys.flatMap(({ hidden }) => hidden),
    }
  } finally {
    clearTimeout(timer)
  }
}
