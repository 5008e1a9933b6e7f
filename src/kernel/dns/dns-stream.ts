/** RFC 1035 4.2.2: over TCP each message follows its length in two bytes. */
const LENGTH_BYTES = 2

/** A message as it goes over TCP. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Cuts what comes over TCP into messages. It keeps at most one incomplete message, 64 KiB. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0)

  /** The messages that are complete with this piece. */
  push(piece: Buffer): Buffer[] {
    const bytes = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece])
    const messages: Buffer[] = []
    let at = 0
    while (bytes.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + bytes.readUInt16BE(at)
      if (end > bytes.length) break
      messages.push(bytes.subarray(at + LENGTH_BYTES, end))
      at = end
    }
    this.#pending = bytes.subarray(at)
    return messages
  }
}
