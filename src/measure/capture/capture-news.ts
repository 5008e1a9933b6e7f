/** What a program that started a capture is told besides the packets. */
export type CaptureNews =
  /** Everything is open: `web:lo`, `web:eth0`. */
  | { readonly capturing: readonly string[] }
  /** For people, in one line; not sanitised. */
  | { readonly note: string }
  /** Packets that found no room in the kernel, so far. */
  | { readonly dropped: number }

/** Through the IPC channel, where there is one. */
export function tellParent(news: CaptureNews): void {
  if (process.connected) process.send?.(news)
}

export function isCaptureNews(message: unknown): message is CaptureNews {
  return (
    typeof message === 'object' && message !== null && ['capturing', 'note', 'dropped'].some((key) => key in message)
  )
}
