import { write } from 'node:fs'
import { pollDescriptors } from '../../kernel/packets/poll-descriptors.ts'

/** More than this waiting to be written, and reading pauses: what comes meanwhile waits in the kernel. */
const MOST_PENDING_BYTES = 16 * 1024 * 1024
const WRITABLE_MS = 100

/** Writes in another thread, in order, to a file, a pipe or a terminal. The first failure ends it. */
export class ByteWriter {
  readonly fd: number
  #chain: Promise<void> = Promise.resolve()
  #pending = 0
  #failure: NodeJS.ErrnoException | undefined
  /** Bytes of a piece that were written before it failed. */
  #partial = 0
  #isAbandoned = false

  constructor(fd: number) {
    this.fd = fd
  }

  get failure(): NodeJS.ErrnoException | undefined {
    return this.#failure
  }

  get isFull(): boolean {
    return this.#pending > MOST_PENDING_BYTES
  }

  /** The reader of a pipe who takes nothing is not waited for any longer. */
  abandon(): void {
    this.#isAbandoned = true
  }

  /**
   * @param bytes not to be changed until `done` is called
   * @param done with what was written of it: all, or less when it failed
   */
  add(bytes: Uint8Array, done?: (written: number) => void): void {
    this.#pending += bytes.length
    this.#chain = this.#chain.then(async () => {
      this.#partial = 0
      if (this.#failure === undefined) await this.#writeAll(bytes)
      this.#pending -= bytes.length
      done?.(this.#partial)
    })
  }

  /** Resolves when everything added so far is written, or has failed. */
  settled(): Promise<void> {
    return this.#chain
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    while (this.#partial < bytes.length && this.#failure === undefined) {
      const { error, written } = await writeSome(this.fd, bytes.subarray(this.#partial))
      if (error?.code === 'EAGAIN' && !this.#isAbandoned) {
        await pollDescriptors([this.fd], { timeoutMs: WRITABLE_MS, until: 'writable' })
      } else if (error !== null) this.#failure = error
      else this.#partial += written
    }
  }
}

function writeSome(
  fd: number,
  bytes: Uint8Array,
): Promise<{ readonly error: NodeJS.ErrnoException | null; readonly written: number }> {
  return new Promise((resolve) =>
    write(fd, bytes, 0, bytes.length, null, (error, written) => resolve({ error, written })),
  )
}
