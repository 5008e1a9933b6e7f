import { messageOf } from '../../errors.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { LabList, LabService, LabWorkKind, RunningLabWork } from '../labs/lab.ts'
import type { Event } from '../state.ts'

/** How often the list is read again while it is on the screen: others build labs as well. */
const INTERVAL_MS = 1_000

/** Reads the labs while somebody looks at them, and has them built and removed. */
export class LabDesk {
  readonly #service: LabService
  readonly #dispatch: (event: Event) => void
  readonly #running = new Map<string, RunningLabWork>()
  readonly #described = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #known = ''
  #closed = false

  constructor(service: LabService, dispatch: (event: Event) => void) {
    this.#service = service
    this.#dispatch = (event) => {
      if (!this.#closed) dispatch(event)
    }
  }

  /** Whether the labs are on the screen. */
  look(isLooking: boolean): void {
    if (this.#closed || isLooking === (this.#timer !== undefined)) return
    if (isLooking) {
      this.#timer = setInterval(() => void this.#read(), INTERVAL_MS)
      void this.#read()
    } else {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  start(kind: LabWorkKind, lab: string): void {
    const work = this.#service.start(kind, lab, (progress) =>
      this.#dispatch({ type: 'lab-progress', lab, progress: { ...progress, what: sanitise(progress.what) } }),
    )
    this.#running.set(lab, work)
    void work.ended.then(async (problem) => {
      this.#running.delete(lab)
      await this.#read()
      const outcome = problem === undefined ? {} : { problem: sanitise(problem) }
      this.#dispatch({ type: 'lab-end', lab, ...outcome })
    })
  }

  stop(lab: string): void {
    this.#running.get(lab)?.stop()
  }

  /** Stops looking, has what is being built taken back, and waits for that. Names of the labs it waits for. */
  close(): { readonly waitingFor: readonly string[]; readonly closed: Promise<unknown> } {
    this.look(false)
    this.#closed = true
    for (const work of this.#running.values()) work.stop()
    const ends = [...this.#running.values()].map(({ ended }) => ended)
    return { waitingFor: [...this.#running.keys()], closed: Promise.all(ends) }
  }

  async #read(): Promise<void> {
    try {
      const list = await this.#service.list()
      const text = JSON.stringify(list)
      if (text !== this.#known) {
        this.#known = text
        this.#dispatch({ type: 'labs', list })
      }
      await this.#describe(list)
    } catch (error) {
      this.#dispatch({ type: 'labs', problem: sanitise(messageOf(error)) })
    }
  }

  /** Once each, and one at a time: keys are read in between. */
  async #describe({ labs }: LabList): Promise<void> {
    for (const { name, condition, builtIn } of labs) {
      if (this.#described.has(name) || !(builtIn || condition === 'up')) continue
      this.#described.add(name)
      await new Promise((resolve) => setImmediate(resolve))
      const description = await this.#service.describe(name).catch((error: unknown) => ({
        description: `unreadable: ${messageOf(error)}`,
        hosts: [],
        networks: [],
        containers: [],
        checks: [],
      }))
      this.#dispatch({ type: 'lab-description', lab: name, description })
    }
  }
}
