/** Bytes of the container's stdout (1) or stderr (2). */
export interface OutputFrame {
  readonly stream: 1 | 2
  readonly bytes: Buffer
}

const HEADER_LENGTH = 8
const STDERR = 2

/**
 * Takes apart what a container without a terminal writes: frames of one byte that says which stream, three of nothing,
 * the length in four bytes, big endian, and as many bytes (Engine API, ContainerAttach, "Stream format"). Frames may
 * come in any pieces; a long one is handed on as its parts arrive, so that nothing of any length is kept.
 */
export class OutputFrames {
  #header: Buffer = Buffer.alloc(0)
  #stream: 1 | 2 = 1
  #left = 0

  push(chunk: Buffer): OutputFrame[] {
    const frames: OutputFrame[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (this.#left === 0) {
        rest = this.#readHeader(rest)
      } else {
        const bytes = rest.subarray(0, this.#left)
        frames.push({ stream: this.#stream, bytes })
        this.#left -= bytes.length
        rest = rest.subarray(bytes.length)
      }
    }
    return frames
  }

  #readHeader(chunk: Buffer): Buffer {
    const missing = HEADER_LENGTH - this.#header.length
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, missing)])
    if (this.#header.length === HEADER_LENGTH) {
      this.#stream = this.#header[0] === STDERR ? 2 : 1
      this.#left = this.#header.readUInt32BE(4)
      this.#header = Buffer.alloc(0)
    }
    return chunk.subarray(missing)
  }
}
