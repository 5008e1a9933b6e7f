import { headerBytes, readBytes } from './packet-bytes.ts'
import type { RuleContext, Truth } from './rule.ts'

interface Instruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

/** linux/filter.h and linux/bpf_common.h: parts of an instruction's code. */
const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, RET: 6, MISC: 7 } as const
const MODE = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, LEN: 0x80, MSH: 0xa0 } as const

/** `-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"`: a classic BPF program run on the headers that are known. */
export function bpfTest(text: string): (context: RuleContext) => Truth {
  const program = parse(text)
  return ({ packet }) => {
    const result = program === undefined ? undefined : execute(program, headerBytes(packet), packet.size)
    return result === undefined ? `-m bpf --bytecode "${text}"` : result !== 0
  }
}

function parse(text: string): Instruction[] | undefined {
  const [, ...lines] = text.split(',')
  const program = lines.filter((line) => line.trim() !== '').map((line) => line.trim().split(/\s+/).map(Number))
  if (!program.every((numbers) => numbers.length === 4 && numbers.every(Number.isInteger))) return undefined
  return program.map(([code = 0, jt = 0, jf = 0, k = 0]) => ({ code, jt, jf, k }))
}

interface Machine {
  a: number
  x: number
  readonly memory: Map<number, number>
}

/** Undefined when a byte it needs is not known, or an instruction is not. */
function execute(program: readonly Instruction[], bytes: readonly (number | undefined)[], size: number) {
  const machine: Machine = { a: 0, x: 0, memory: new Map() }
  for (let at = 0; at < program.length; at++) {
    const instruction = program[at] as Instruction
    const kind = instruction.code & 7
    if (kind === CLASS.RET) return (instruction.code & 0x18) === 0x10 ? machine.a : instruction.k
    if (kind === CLASS.JMP) at += jump(machine, instruction)
    else if (!step(machine, instruction, bytes, size)) return undefined
  }
  return undefined
}

function jump({ a, x }: Machine, { code, jt, jf, k }: Instruction): number {
  const operand = (code & 0x08) === 0 ? k : x
  switch (code & 0xf0) {
    case 0x00:
      return k
    case 0x10:
      return a === operand ? jt : jf
    case 0x20:
      return a > operand ? jt : jf
    case 0x30:
      return a >= operand ? jt : jf
    default:
      return (a & operand) !== 0 ? jt : jf
  }
}

function step(
  machine: Machine,
  instruction: Instruction,
  bytes: readonly (number | undefined)[],
  size: number,
): boolean {
  const { code, k } = instruction
  switch (code & 7) {
    case CLASS.LD:
    case CLASS.LDX: {
      const value = load(machine, instruction, bytes, size)
      if (value === undefined) return false
      if ((code & 7) === CLASS.LD) machine.a = value
      else machine.x = value
      return true
    }
    case CLASS.ST:
      machine.memory.set(k, machine.a)
      return true
    case CLASS.STX:
      machine.memory.set(k, machine.x)
      return true
    case CLASS.ALU:
      return alu(machine, instruction)
    default:
      if ((code & 0x80) === 0) machine.x = machine.a
      else machine.a = machine.x
      return true
  }
}

function load(machine: Machine, { code, k }: Instruction, bytes: readonly (number | undefined)[], size: number) {
  const width = { 0: 4, 8: 2, 16: 1 }[code & 0x18] ?? 4
  switch (code & 0xe0) {
    case MODE.IMM:
      return k
    case MODE.LEN:
      return size
    case MODE.MEM:
      return machine.memory.get(k) ?? 0
    case MODE.ABS:
      return readBytes(bytes, k, width)
    case MODE.IND:
      return readBytes(bytes, machine.x + k, width)
    default: {
      const byte = bytes[k]
      return byte === undefined ? undefined : 4 * (byte & 15)
    }
  }
}

const ALU: Readonly<Record<number, (a: number, b: number) => number>> = {
  0: (a, b) => a + b,
  16: (a, b) => a - b,
  32: (a, b) => Math.imul(a, b),
  48: (a, b) => Math.floor(a / b),
  64: (a, b) => a | b,
  80: (a, b) => a & b,
  96: (a, b) => a << b,
  112: (a, b) => a >>> b,
  128: (a) => -a,
  144: (a, b) => a % b,
  160: (a, b) => a ^ b,
}

function alu(machine: Machine, { code, k }: Instruction): boolean {
  const operation = ALU[code & 0xf0]
  if (operation === undefined) return false
  machine.a = operation(machine.a, (code & 0x08) === 0 ? k : machine.x) >>> 0
  return true
}
