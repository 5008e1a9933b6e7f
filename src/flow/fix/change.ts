import type { Namespace } from '../../model/snapshot.ts'
import type { Fix, FixCommand, Hop, Place } from '../journey.ts'
import type { Facts } from '../world.ts'

/** One change of the facts, and the command that makes it on the machine. */
export interface Change {
  readonly place: Pick<Place, 'namespace' | 'host' | 'name'>
  readonly edit: (namespace: Namespace) => Namespace
  /** What follows from it in other namespaces: carrier at the other end of a cable. */
  readonly also?: readonly { readonly place: Pick<Place, 'namespace' | 'host'>; readonly edit: Change['edit'] }[]
  readonly command: string
  readonly summary: string
  /** Why one should think twice. */
  readonly warning?: string
}

/** Where a packet stopped, and what is known of it there. */
export interface Block {
  readonly place: Place
  readonly hop: Hop | undefined
  /** It is an answer that stopped. */
  readonly isReply: boolean
  readonly family: 4 | 6
}

/** The facts as they would be after the change; everything that it does not touch stays the same object. */
export function changedFacts(facts: Facts, { place, edit, also = [] }: Change): Facts {
  return [{ place, edit }, ...also].reduce((before, each) => edited(before, each.place, each.edit), facts)
}

function edited(facts: Facts, { namespace, host = 0 }: Pick<Place, 'namespace' | 'host'>, edit: Change['edit']): Facts {
  const snapshots = facts.snapshots.map((snapshot, at) => {
    if (at !== host) return snapshot
    const namespaces = snapshot.namespaces.map((each) => (each.inode === namespace ? edit(each) : each))
    return { ...snapshot, namespaces }
  })
  return { ...facts, snapshots }
}

export function toFix(changes: readonly Change[]): Fix {
  const commands: FixCommand[] = changes.map(({ place, command }) => ({
    namespace: place.namespace,
    name: place.name,
    command,
  }))
  const warnings = changes.flatMap(({ warning }) => warning ?? [])
  return {
    commands,
    summary: changes.map(({ summary }) => summary).join(', and '),
    ...(warnings.length === 0 ? {} : { warning: warnings.join('; ') }),
  }
}

/** A word as a shell needs it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
