import { headerBytes, readBytes } from './packet-bytes.ts'
import type { RuleContext, Truth } from './rule.ts'
import { inRange, toRange } from './values.ts'

/** `LOCATION=VALUE[:VALUE],…` parts joined by `&&`; a location is a start and operators (net/netfilter/xt_u32.c). */
interface U32Part {
  readonly start: number
  readonly operations: readonly { readonly operator: string; readonly operand: number }[]
  readonly ranges: readonly (readonly [number, number])[]
}

/** `-m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100200"`: as far as the headers of the packet are known. */
export function u32Test(text: string): (context: RuleContext) => Truth {
  const parts = text.split('&&').map(parsePart)
  return ({ packet }) => {
    const bytes = headerBytes(packet)
    let unknown = false
    for (const part of parts) {
      const matches = part === undefined ? undefined : evaluate(part, bytes)
      if (matches === false) return false
      if (matches === undefined) unknown = true
    }
    return unknown ? `-m u32 --u32 "${text}"` : true
  }
}

function parsePart(text: string): U32Part | undefined {
  const [location = '', values = ''] = text.trim().split('=')
  const words = location.match(/0x[0-9a-f]+|\d+|>>|<<|&|@/gi)
  const start = words?.shift()
  if (words === null || words === undefined || start === undefined) return undefined
  const operations: { operator: string; operand: number }[] = []
  for (let at = 0; at + 1 < words.length; at += 2) {
    operations.push({ operator: words[at] ?? '', operand: Number(words[at + 1]) })
  }
  return { start: Number(start), operations, ranges: values.split(',').map(toRange) }
}

function evaluate({ start, operations, ranges }: U32Part, bytes: readonly (number | undefined)[]): boolean | undefined {
  let base = 0
  let at = start
  let value = wordAt(bytes, at)
  for (const { operator, operand } of operations) {
    if (value === undefined) return undefined
    if (operator === '@') {
      base += value
      at = base + operand
      value = wordAt(bytes, at)
    } else value = applied(operator, value, operand)
  }
  if (value === undefined) return undefined
  return ranges.some((range) => inRange(value, range))
}

/** Behind the end of the packet nothing matches; behind what is known of it, nobody knows. */
function wordAt(bytes: readonly (number | undefined)[], at: number): number | undefined {
  return readBytes(bytes, at, 4)
}

function applied(operator: string, value: number, operand: number): number {
  if (operator === '>>') return value >>> operand
  return (operator === '<<' ? value << operand : value & operand) >>> 0
}
