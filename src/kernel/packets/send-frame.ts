import { constants } from 'node:os'
import koffi from 'koffi'

const MSG_DONTWAIT = 0x40

let send: ((...args: unknown[]) => number) | undefined

/** Sends a whole frame by the link that a packet socket is bound to; the name of the error when the kernel refuses. */
export function sendFrame(descriptor: number, frame: Uint8Array): string | undefined {
  send ??= koffi.load(null).func('intptr_t send(int, const void *, size_t, int)') as unknown as typeof send
  if (send === undefined || send(descriptor, frame, frame.length, MSG_DONTWAIT) >= 0) return undefined
  const errno = koffi.errno()
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`
}
