import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { NamespaceSession } from '../../../src/inspect/session.ts'
import { IcmpSocket } from '../../../src/kernel/icmp-socket.ts'
import { type NamespaceEntry, systemErrorCode } from '../../../src/kernel/namespace-sockets.ts'
import { discoverNamespaces } from '../../../src/kernel/namespaces.ts'
import { reachTcp } from '../../../src/measure/reach-tcp.ts'
import type { HostSnapshot } from '../../../src/model/snapshot.ts'

/**
 * Sends from every namespace of a snapshot to every address in it, in one process: a connection to port 80 and an echo
 * request; and to the addresses of the host a connection to each of its published ports.
 *
 * node try-pairs.mjs SNAPSHOT PORT… prints {@link Tried}
 */
export interface Tried {
  readonly targets: readonly Target[]
  /** Inode of the sender, position of the target, what the sender saw: `answer`, `silence` or `error CODE`. */
  readonly results: readonly (readonly [number, number, string])[]
}

export interface Target {
  readonly protocol: 'tcp' | 'icmp'
  readonly address: string
  readonly port?: number
}

/** Longer than TCP waits before it sends its SYN again: an error that comes while it sends the first is passed over. */
const TCP_DEADLINE_MS = 1500
const ICMP_DEADLINE_MS = 1000
const LOOK_MS = 100
/** Emulated, each takes milliseconds; most are over before the last begins. */
const AT_ONCE = 400

function targetsOf({ namespaces }: HostSnapshot, ports: readonly number[]): Target[] {
  return namespaces.flatMap(({ owner, addresses }) =>
    addresses
      .filter(({ address, scope }) => scope === 'global' && !address.includes(':'))
      .flatMap((each): Target[] => {
        const address = each.address.split('/')[0] ?? ''
        const tcp = [80, ...(owner.kind === 'host' ? ports : [])]
        return [{ protocol: 'icmp', address }, ...tcp.map((port) => ({ protocol: 'tcp' as const, address, port }))]
      }),
  )
}

interface Pair {
  readonly inode: number
  readonly entry: NamespaceEntry
  readonly position: number
  readonly target: Target
}

async function connect({ entry, target: { address, port = 0 } }: Pair): Promise<string> {
  const reached = await reachTcp(entry, { address, port }, { timeoutMs: TCP_DEADLINE_MS })
  if (reached.ok) return 'answer'
  return reached.reason === 'timeout' ? 'silence' : `error ${reached.detail}`
}

async function ping({ entry, target: { address } }: Pair): Promise<string> {
  let socket: IcmpSocket
  try {
    socket = IcmpSocket.open(entry, address)
  } catch (error) {
    return `error ${systemErrorCode(error)}`
  }
  try {
    const code = socket.send(1, Buffer.alloc(56))
    if (code !== undefined) return `error ${code}`
    for (let waitedMs = 0; waitedMs < ICMP_DEADLINE_MS; waitedMs += LOOK_MS) {
      const event = socket.receive()
      if (event?.kind === 'reply') return 'answer'
      if (event !== undefined) return `error ${event.code} from ${event.from}`
      await delay(LOOK_MS)
    }
    return 'silence'
  } finally {
    socket.close()
  }
}

async function tryAll(pairs: readonly Pair[]): Promise<Tried['results']> {
  const results: (readonly [number, number, string])[] = []
  const waiting = pairs.values()
  const worker = async (): Promise<void> => {
    for (const pair of waiting) {
      const observed = await (pair.target.protocol === 'tcp' ? connect(pair) : ping(pair))
      results.push([pair.inode, pair.position, observed])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}

const [file = '', ...ports] = process.argv.slice(2)
const snapshot: HostSnapshot = JSON.parse(readFileSync(file, 'utf8'))
const targets = targetsOf(snapshot, ports.map(Number))
const sources = discoverNamespaces().namespaces.map(({ inode, paths, isOwn }) => ({
  inode,
  entry: NamespaceSession.open(inode, paths, isOwn),
}))
// who is asked by all at once drops what his backlog does not hold
const pairs = sources.flatMap((source) => targets.map((target, position) => ({ ...source, position, target })))
const tried: Tried = { targets, results: await tryAll(pairs) }
process.stdout.write(JSON.stringify(tried))
