/** How long, and by which clock, something that may come back is tried again. */
export interface RetryTiming {
  /** Before the next try after `failures` of them. */
  readonly waitMs: (failures: number) => number
  /** From the first try to the beginning of the last one. */
  readonly limitMs: number
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
}

/** An engine's: 1, 2, 4, 8 s, then it gives up, for 16 more would end behind 30 s. Source: moby pkg/plugins. */
export const ENGINE_TIMING: RetryTiming = {
  waitMs: (failures) => Math.min(2 ** (failures - 1), 30) * 1000,
  limitMs: 30_000,
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/** Tries until it succeeds, fails in a way that does not pass, or the time is up; then the last error stands. */
export async function retry<T>(
  action: () => Promise<T>,
  { isPassing, timing }: { isPassing: (error: unknown) => boolean; timing: RetryTiming },
): Promise<T> {
  const start = timing.now()
  for (let failures = 1; ; failures++) {
    try {
      return await action()
    } catch (error) {
      const waitMs = timing.waitMs(failures)
      if (!isPassing(error) || timing.now() - start + waitMs >= timing.limitMs) throw error
      await timing.sleep(waitMs)
    }
  }
}
