export interface RunningProxy {
  /** Resolves when the port is free. */
  stop(): Promise<void>
}
