import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Context } from '../command.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { nearest } from '../model/nearest.ts'
import { type HostSnapshot, KINDS, type Kind } from '../model/snapshot.ts'
import { noteHidden, readFacts } from './facts.ts'
import { jsonText } from './output.ts'

/** Other names that people and DESIGN §4 use. */
const SYNONYMS: Readonly<Record<string, Kind>> = {
  addresses: 'addrs',
  neighbours: 'neigh',
  neighbors: 'neigh',
  iptables: 'firewall',
  nft: 'firewall',
  qdiscs: 'qdisc',
  sysctls: 'sysctl',
  ipsets: 'ipset',
}

/** `snapshot`: prints or writes a HostSnapshot. */
export async function saveSnapshot(context: Context): Promise<number> {
  const { options, output } = context
  const kinds = parseKinds(options.text('kinds'))
  const { snapshot, namespaces } = await readFacts(context, { kinds })
  const chosen = { ...snapshot, namespaces }
  const result = options.has('redact') ? await redacted(chosen, options.text('seed')) : chosen
  const file = options.text('output')
  if (file === undefined) output.json(result)
  else writeSnapshot(file, result)
  if (file !== undefined) noteHidden(context, result.hidden)
  return 0
}

/** Without a seed nobody can find out later which pseudonym was whose, not even by trying all addresses. */
async function redacted(snapshot: HostSnapshot, seed = randomBytes(32).toString('hex')): Promise<HostSnapshot> {
  const { redactSnapshot } = await import('../model/redact.ts')
  return redactSnapshot(snapshot, seed)
}

/** Addresses and names of a whole network: nobody else needs to read them. */
function writeSnapshot(file: string, snapshot: HostSnapshot): void {
  try {
    writeFileSync(file, `${jsonText(snapshot, true)}\n`, { mode: 0o600 })
  } catch (cause) {
    throw new TsnetError('input', `write ${file}: ${messageOf(cause)}`, { cause })
  }
}

/** `links,addrs` → kinds; everything when nothing is said. */
export function parseKinds(text: string | undefined): readonly Kind[] {
  if (text === undefined) return KINDS
  return [...new Set(text.split(',').map((word) => kindNamed(word.trim())))]
}

function kindNamed(word: string): Kind {
  const kind = KINDS.find((each) => each === (SYNONYMS[word] ?? word))
  if (kind !== undefined) return kind
  const close = nearest(word, [...KINDS, ...Object.keys(SYNONYMS)])
  throw new TsnetError('usage', `kinds ${word}: no such kind`, {
    hint: close.length > 0 ? `Did you mean ${close.join(', ')}?` : `Kinds: ${KINDS.join(' ')}`,
  })
}
