import type { BpfProgram } from './bpf.ts'

const RETURN_CONSTANT = 0x06

/** The same filter, which lets `bytes` of a frame through instead of all of it. */
export function withSnaplen({ instructions }: BpfProgram, bytes: number): BpfProgram {
  const copy = Uint8Array.from(instructions)
  const view = new DataView(copy.buffer)
  for (let at = 0; at < copy.length; at += 8) {
    const kept = view.getUint32(at + 4, true)
    if (view.getUint16(at, true) === RETURN_CONSTANT && kept > bytes) view.setUint32(at + 4, bytes, true)
  }
  return { instructions: copy }
}
