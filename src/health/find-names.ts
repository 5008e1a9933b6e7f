import type { FoundName } from '../checks/init/init-checks.ts'
import { askDns } from '../measure/ask-dns.ts'
import type { HostSnapshot, Namespace } from '../model/snapshot.ts'
import { Places } from './places.ts'

const TIMEOUT_MS = 1000
const AT_ONCE = 16
/** Every name from everywhere is a square: of large networks a part is enough. */
const MOST_NAMES = 500

interface Question {
  readonly from: Namespace
  readonly name: string
  readonly server: string
}

/** Which names of their neighbours namespaces can resolve by their own name servers: asked, and in a fixed order. */
export async function findNames(
  snapshot: HostSnapshot,
  namespaces: readonly Namespace[],
): Promise<readonly FoundName[]> {
  const places = new Places()
  try {
    const questions = namespaces.flatMap((from) => questionsOf(snapshot, from)).slice(0, MOST_NAMES)
    const found: (FoundName | undefined)[] = []
    let next = 0
    const work = async (): Promise<void> => {
      while (next < questions.length) {
        const position = next++
        found[position] = await ask(places, questions[position] as Question)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return found.filter((each) => each !== undefined)
  } finally {
    places.close()
  }
}

function questionsOf(snapshot: HostSnapshot, from: Namespace): readonly Question[] {
  const server = from.dns?.servers[0]
  if (server === undefined || from.inode <= 0 || !EMBEDDED.test(server)) return []
  const names = new Set([...labNames(snapshot, from), ...networkNames(snapshot, from)])
  return [...names].toSorted().map((name) => ({ from, name, server }))
}

/** The name server of an engine in the namespace itself: what others say is not this host's. */
const EMBEDDED = /^127\./

function labNames({ namespaces }: HostSnapshot, { owner: { kind, lab } }: Namespace): readonly string[] {
  if (kind !== 'lab') return []
  return namespaces.filter(({ owner }) => owner.kind === 'lab' && owner.lab === lab).map(({ owner }) => owner.name)
}

/** Containers that share a network with those of the namespace. */
function networkNames({ containers }: HostSnapshot, { inode }: Namespace): readonly string[] {
  const own = containers.filter(({ namespace }) => namespace === inode)
  const networks = new Set(own.flatMap((container) => container.networks.map(({ networkId }) => networkId)))
  return containers
    .filter((container) => container.networks.some(({ networkId }) => networks.has(networkId)))
    .map(({ name }) => name)
}

async function ask(places: Places, { from, name, server }: Question): Promise<FoundName | undefined> {
  const { session } = places.open(from)
  const answered = await askDns(session, { name, type: 'A', server, timeoutMs: TIMEOUT_MS })
  if (!answered.ok) return undefined
  const addresses = answered.records.filter(({ type }) => type === 'A').map(({ text }) => text)
  return addresses.length === 0 ? undefined : { from, name, addresses }
}
