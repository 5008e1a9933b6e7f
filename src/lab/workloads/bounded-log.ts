import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const MAX_BYTES = 1024 * 1024

/** A log file that keeps the newest output: beyond 1 MiB it becomes `….old`, in place of the one before. */
export class BoundedLog {
  readonly #path: string
  #fd: number
  #length: number

  /** Goes on with what is there; makes the folder. */
  constructor(path: string) {
    this.#path = path
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#fd = openSync(path, 'a', 0o600)
    this.#length = fstatSync(this.#fd).size
  }

  /** What cannot be written, on a full disk, is lost. */
  write(piece: Buffer): void {
    try {
      if (this.#length > 0 && this.#length + piece.length > MAX_BYTES) this.#rotate()
      this.#length += writeSync(this.#fd, piece)
    } catch {
      // whoever writes goes on all the same
    }
  }

  #rotate(): void {
    this.#length = 0
    try {
      renameSync(this.#path, `${this.#path}.old`)
    } catch {
      // its folder was removed: what was written goes
      ftruncateSync(this.#fd)
      return
    }
    closeSync(this.#fd)
    this.#fd = openSync(this.#path, 'a', 0o600)
  }

  close(): void {
    closeSync(this.#fd)
  }
}
