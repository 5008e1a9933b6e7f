import type { Container } from '../model/snapshot.ts'

/** A container as its engine tells it, before its namespace is found among those of the kernel. */
export interface SurveyedContainer {
  readonly container: Container
  /** It lives in the sandbox of another container or of the host, and so owns none. */
  readonly sharesSandbox: boolean
  /** In the pid namespace of the engine, which need not be ours. */
  readonly enginePid?: number
  /** Path of its namespace's bind mount, in the mount namespace of the engine. */
  readonly sandboxKey?: string
}
