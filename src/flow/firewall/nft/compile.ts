import type { FirewallRule } from '../../../model/snapshot.ts'
import type { CompiledRule, Step, Truth } from '../rule.ts'
import { test } from '../rule.ts'
import type { SetLookup } from '../ruleset.ts'
import { type Expression, expressionOf, isNotKnown } from './expressions.ts'
import { elementsOf } from './sets.ts'
import { statementSteps } from './statements.ts'
import { compareScalars, isIp, isRecord, type Scalar, type Value, valueKey } from './values.ts'

/** A native rule, from the expressions that `nft -j` gives. What is not known here is unknown, never true. */
export function compileNft(rule: FirewallRule, sets: SetLookup): CompiledRule {
  const { expressions } = rule
  if (expressions === undefined) return { rule, steps: [test(() => rule.text)] }
  const steps = expressions.flatMap((json): readonly Step[] => {
    if (!isRecord(json)) return []
    const { match } = json
    return isRecord(match) ? [matchStep(match, sets)] : statementSteps(json, sets)
  })
  return { rule, steps }
}

function matchStep({ op, left, right }: Readonly<Record<string, unknown>>, sets: SetLookup): Step {
  const expression = expressionOf(left)
  const decide = comparison(String(op), expression, right, sets)
  return test((context) => {
    const got = expression.get(context)
    if (got === undefined) return false
    return isNotKnown(got) ? got.unknown : decide(got)
  })
}

function comparison(op: string, expression: Expression, right: unknown, sets: SetLookup): (value: Value) => Truth {
  const read = expression.readers[0]
  if (op === '<' || op === '>' || op === '<=' || op === '>=') {
    const bound = read?.(right)
    return (value) => (bound === undefined ? expression.name : ordered(op, compareScalars(value as Scalar, bound)))
  }
  const isNot = op === '!='
  if (typeof right === 'boolean') return (value) => isThere(value) === right
  if (expression.flags === true && !isSet(right)) {
    const bits = read?.(right)
    if (typeof bits !== 'number') return () => expression.name
    // `tcp flags == syn` wants these and no others, `ct state new` any of them
    const isAny = op === 'in' || expression.name.startsWith('ct ')
    return (value) => (isAny ? (Number(value) & bits) !== 0 : Number(value) === bits) !== isNot
  }
  const elements = elementsOf(right, expression.readers, sets)
  if (elements === undefined) return () => `${expression.name} ${op} ${JSON.stringify(right)}`
  return (value) => {
    const found = elements.find(value) !== undefined
    if (!found && elements.hasUnread) return `${expression.name} ${op} ${JSON.stringify(right)}`
    return found !== isNot
  }
}

function isSet(right: unknown): boolean {
  return (isRecord(right) && 'set' in right) || (typeof right === 'string' && right.startsWith('@'))
}

/** `exists` and `missing`. */
function isThere(value: Value): boolean {
  return isIp(value) || (valueKey(value) !== '0' && valueKey(value) !== '')
}

function ordered(op: string, difference: number): boolean {
  if (op === '<') return difference < 0
  if (op === '>') return difference > 0
  return op === '<=' ? difference <= 0 : difference >= 0
}
