/**
 * A classic BPF program (linux/filter.h, Documentation/networking/filter.rst): 8 bytes an instruction, in the byte
 * order of this machine.
 */
export interface BpfProgram {
  readonly instructions: Uint8Array
}

/** linux/bpf_common.h: whole opcodes, of those that are used here. */
const OP = {
  LOAD_WORD: 0x20,
  LOAD_HALF: 0x28,
  LOAD_BYTE: 0x30,
  LOAD_WORD_X: 0x40,
  LOAD_HALF_X: 0x48,
  LOAD_BYTE_X: 0x50,
  AND: 0x54,
  SHIFT_LEFT: 0x64,
  TO_X: 0x07,
  ADD: 0x04,
  IF_EQUAL: 0x15,
  IF_ANY: 0x45,
  RETURN: 0x06,
} as const

/** Offsets that mean something else than the frame's bytes. */
const SKF_AD_OFF = -0x1000
const SKF_NET_OFF = -0x10_0000
const SKF_AD_PROTOCOL = 0

const ALL = 0x4_0000
/** A jump of classic BPF reaches no further. */
const FURTHEST = 255

export type Size = 'byte' | 'half' | 'word'
const LOADS = { byte: OP.LOAD_BYTE, half: OP.LOAD_HALF, word: OP.LOAD_WORD } as const
const LOADS_X = { byte: OP.LOAD_BYTE_X, half: OP.LOAD_HALF_X, word: OP.LOAD_WORD_X } as const

interface Instruction {
  readonly code: number
  readonly value: number
  readonly then?: string
  readonly otherwise?: string
}

/**
 * Writes a program from top to bottom, with labels to jump to, all of them further down. Offsets count from the IP
 * header, whatever link-layer header and tags are before it.
 */
export class BpfWriter {
  readonly #instructions: Instruction[] = []
  readonly #labels = new Map<string, number>()

  /** The EtherType of the frame, behind VLAN tags. */
  protocol(): this {
    return this.#add(OP.LOAD_HALF, SKF_AD_OFF + SKF_AD_PROTOCOL)
  }

  load(size: Size, offset: number): this {
    return this.#add(LOADS[size], SKF_NET_OFF + offset)
  }

  /** At `offset` behind an IPv4 header of whatever length, after {@link afterIpv4}. */
  loadBehind(size: Size, offset: number): this {
    return this.#add(LOADS_X[size], SKF_NET_OFF + offset)
  }

  /** X = length of the IPv4 header. */
  afterIpv4(): this {
    return this.load('byte', 0).#add(OP.AND, 15).#add(OP.SHIFT_LEFT, 2).#add(OP.TO_X, 0)
  }

  and(mask: number): this {
    return this.#add(OP.AND, mask)
  }

  /** Goes on to `then` if equal, otherwise with the next instruction or to `otherwise`. */
  ifEqual(value: number, then: string, otherwise?: string): this {
    this.#instructions.push({ code: OP.IF_EQUAL, value, then, ...(otherwise === undefined ? {} : { otherwise }) })
    return this
  }

  /** If any of these bits is set. */
  ifAny(bits: number, then: string, otherwise?: string): this {
    this.#instructions.push({ code: OP.IF_ANY, value: bits, then, ...(otherwise === undefined ? {} : { otherwise }) })
    return this
  }

  accept(): this {
    return this.#add(OP.RETURN, ALL)
  }

  refuse(): this {
    return this.#add(OP.RETURN, 0)
  }

  label(name: string): this {
    this.#labels.set(name, this.#instructions.length)
    return this
  }

  finish(): BpfProgram {
    const instructions = new Uint8Array(this.#instructions.length * 8)
    const view = new DataView(instructions.buffer)
    for (const [position, { code, value, then, otherwise }] of this.#instructions.entries()) {
      view.setUint16(position * 8, code, true)
      view.setUint8(position * 8 + 2, this.#distance(position, then))
      view.setUint8(position * 8 + 3, this.#distance(position, otherwise))
      view.setUint32(position * 8 + 4, value >>> 0, true)
    }
    return { instructions }
  }

  #distance(position: number, label: string | undefined): number {
    if (label === undefined) return 0
    const distance = (this.#labels.get(label) ?? Number.NaN) - position - 1
    if (distance >= 0 && distance <= FURTHEST) return distance
    throw new RangeError(`filter: no way from ${position} to ${label}`)
  }

  #add(code: number, value: number): this {
    this.#instructions.push({ code, value })
    return this
  }
}
