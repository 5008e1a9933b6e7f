import { sanitise } from '../report/sanitise.ts'

/** One line on a terminal that is written over; nothing where nobody looks. */
export class LabProgress {
  readonly #shown: boolean
  #last = 0

  constructor() {
    this.#shown = process.stderr.isTTY === true
  }

  /** At most so often: the terminal must not be what takes the time. */
  static readonly #INTERVAL_MS = 50

  readonly show = (done: number, total: number, what: string): void => {
    const now = performance.now()
    if (now - this.#last < LabProgress.#INTERVAL_MS && done < total) return
    this.#last = now
    // the screen, which started us
    if (process.connected) process.send?.({ done, total, what })
    if (!this.#shown) return
    const width = (process.stderr.columns ?? 80) - 1
    const line = sanitise(`${done}/${total} ${what}`).slice(0, width)
    process.stderr.write(done < total ? `\r\x1b[K${line}` : '\r\x1b[K')
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K')
  }
}

/** This program again, as the agent of a lab. */
export function agentCommand(lab: string): readonly string[] {
  return [process.execPath, process.argv[1] ?? '', 'lab', 'agent', lab, '--when-told']
}

/** Ends with the first ctrl-C or SIGTERM, or with the screen that started us: whoever looks at it takes back what was done. */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, abort)
  process.on('disconnect', abort)
  if (process.connected === false) abort()
  try {
    return await action(controller.signal)
  } finally {
    for (const signal of signals) process.off(signal, abort)
    process.off('disconnect', abort)
  }
}
