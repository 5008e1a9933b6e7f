import type { NftSet } from '../../../model/snapshot.ts'
import type { SetLookup } from '../ruleset.ts'
import { Elements } from './elements.ts'
import { isRecord, type Reader } from './values.ts'

const named = new WeakMap<NftSet, Elements<unknown>>()

/** What stands on the right of a match: a set with a name, a set in braces, or one value as a set of its own. */
export function elementsOf(right: unknown, readers: readonly Reader[], sets: SetLookup): Elements<unknown> | undefined {
  if (typeof right === 'string' && right.startsWith('@')) return namedElements(right.slice(1), readers, sets)
  const list = isRecord(right) && Array.isArray(right['set']) ? right['set'] : [right]
  const elements = new Elements<unknown>()
  for (const each of list) elements.add(each, readers, true)
  return elements
}

function namedElements(name: string, readers: readonly Reader[], sets: SetLookup): Elements<unknown> | undefined {
  const set = sets(name)
  if (set === undefined) return undefined
  let elements = named.get(set)
  if (elements === undefined) {
    elements = new Elements()
    for (const element of set.elements) {
      if (set.kind === 'map' && Array.isArray(element)) elements.add(element[0], readers, element[1])
      else elements.add(element, readers, true)
    }
    named.set(set, elements)
  }
  return elements
}

/** What a map leads to: `{"set": [[key, data], …]}` or the name of one. */
export function mapElements(data: unknown, readers: readonly Reader[], sets: SetLookup): Elements<unknown> | undefined {
  if (typeof data === 'string' && data.startsWith('@')) return namedElements(data.slice(1), readers, sets)
  if (!isRecord(data) || !Array.isArray(data['set'])) return undefined
  const elements = new Elements<unknown>()
  for (const pair of data['set']) if (Array.isArray(pair)) elements.add(pair[0], readers, pair[1])
  return elements
}
