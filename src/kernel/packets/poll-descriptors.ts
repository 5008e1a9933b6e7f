import koffi from 'koffi'

/** poll.h */
const POLL = { IN: 1, OUT: 4, ERR: 8 } as const
const ENTRY_BYTES = 8

type Poll = { async(fds: unknown, count: number, timeoutMs: number, done: (error: unknown) => void): void }

let poll: Poll | undefined

export type Waited = 'readable' | 'writable'

/**
 * Waits in another thread until one of these can be read or written, or has an error.
 *
 * @returns positions of those that have an error
 */
export function pollDescriptors(
  descriptors: readonly number[],
  { timeoutMs, until = 'readable' }: { readonly timeoutMs: number; readonly until?: Waited },
): Promise<number[]> {
  poll ??= koffi.load(null).func('int poll(void *, unsigned long, int)') as unknown as Poll
  const pointer = koffi.alloc('uint8_t', Math.max(1, descriptors.length) * ENTRY_BYTES)
  const view = new DataView(koffi.view(pointer, Math.max(1, descriptors.length) * ENTRY_BYTES))
  for (const [position, fd] of descriptors.entries()) {
    view.setInt32(position * ENTRY_BYTES, fd, true)
    view.setInt16(position * ENTRY_BYTES + 4, until === 'readable' ? POLL.IN : POLL.OUT, true)
    view.setInt16(position * ENTRY_BYTES + 6, 0, true)
  }
  return new Promise((resolve) => {
    poll?.async(pointer, descriptors.length, timeoutMs, () => {
      const failed = descriptors.flatMap((_, position) =>
        (view.getInt16(position * ENTRY_BYTES + 6, true) & POLL.ERR) === 0 ? [] : [position],
      )
      koffi.free(pointer)
      resolve(failed)
    })
  })
}
