import type { HostEvent } from '../../model/event.ts'
import type { HostSnapshot, Namespace } from '../../model/snapshot.ts'
import { pathKey, pathWords } from '../path/path.ts'
import type { State } from '../state.ts'
import type { Ask } from './ask.ts'

/** What other processes are to find out for what is on the screen. */
export function wantedAsks(state: State): readonly Ask[] {
  return [...pathAsks(state), ...traceAsks(state), ...matrixAsks(state), ...doctorAsks(state)]
}

function pathAsks(state: State): readonly Ask[] {
  const { path, place } = state
  const isLooking = place.view === 'path' || place.view === 'topology'
  if (path.question === undefined || path.isStopped || !isLooking) return []
  const words = ['path', ...pathWords(path.question), '--mtu', '--json']
  return [{ kind: 'path', key: pathKey(path), words, facts: factsOf(state), ...repeated(state, 30_000) }]
}

/** A saved host stays as it is. */
function repeated({ host }: Pick<State, 'host'>, everyMs: number): Pick<Ask, 'everyMs'> {
  return host.status === 'saved' ? {} : { everyMs }
}

/** A packet is sent once, whatever is on the screen meanwhile. */
function traceAsks({ path }: State): readonly Ask[] {
  const { trace, question } = path
  const isOver = trace.answer !== undefined || trace.problem !== undefined
  if (question === undefined || trace.key === '' || isOver) return []
  return [{ kind: 'trace', key: trace.key, words: ['trace', ...pathWords(question), '--json'] }]
}

function matrixAsks({ matrix, place }: State): readonly Ask[] {
  if (place.view !== 'matrix' || matrix.isStopped) return []
  return [{ kind: 'matrix', key: `matrix #${matrix.turn}`, words: ['matrix', '--json'] }]
}

/** Always: a person who looks elsewhere is told that something is wrong. */
function doctorAsks({ doctor, host, place }: State): readonly Ask[] {
  const ask: Ask = {
    kind: 'doctor',
    key: `doctor #${doctor.turn}`,
    words: ['doctor', '--json'],
    facts: lastNews(host.events),
    ...repeated({ host }, 120_000),
    background: true,
  }
  if (place.view !== 'doctor' || doctor.pages.size > 0) return [ask]
  return [ask, { kind: 'pages', key: 'pages', words: ['doctor', 'explain', '--json'] }]
}

/** Who has which MAC is learnt and forgotten all day: no reason to look again. */
function lastNews(events: readonly HostEvent[]): HostEvent | undefined {
  return events.findLast(({ kind }) => kind !== 'neighbour' && kind !== 'fdb' && kind !== 'conntrack')
}

/** What a prediction is made from, as far as the screen sees it: news, and the tables on the way without counters. */
function factsOf({ host, path }: State): string {
  const news = lastNews(host.events)
  const inodes = waysOf(path.predicted.answer)
  const ways = host.snapshot.namespaces.filter(({ inode }) => inodes.has(inode))
  return [numberOf(news), ...ways.map((each) => digestOf(each, host.snapshot))].join('\n')
}

type Legs = { readonly hops: readonly { readonly namespace: number }[]; readonly reply?: Legs }

/** Namespaces that the packet and its answer come through. */
export function waysOf(journey: Legs | undefined): ReadonlySet<number> {
  const inodes = new Set<number>()
  for (let leg = journey; leg !== undefined; leg = leg.reply) for (const hop of leg.hops) inodes.add(hop.namespace)
  return inodes
}

const numbers = new WeakMap<object, number>()
let last = 0

function numberOf(object: object | undefined): number {
  if (object === undefined) return 0
  const known = numbers.get(object)
  if (known !== undefined) return known
  last += 1
  numbers.set(object, last)
  return last
}

const digests = new WeakMap<Namespace, string>()

/** All that decides, and nothing that counts; of a namespace that nothing happened in it is remembered. */
function digestOf(namespace: Namespace, { kinds }: HostSnapshot): string {
  const known = digests.get(namespace)
  if (known !== undefined) return known
  const { links, addresses, routes, rules, firewall, chains, sysctls } = namespace
  const text = JSON.stringify([
    kinds.length,
    links.map(({ name, flags, mtu, master, port }) => [name, flags, mtu, master, port?.state]),
    addresses.map(({ address }) => address),
    routes.map(({ table, type, destination, gateway, link, metric }) => [
      table,
      type,
      destination,
      gateway,
      link,
      metric,
    ]),
    rules.map(({ priority, action, table, from, to }) => [priority, action, table, from, to]),
    firewall.map(({ chain, text: rule }) => [chain, rule]),
    chains.map(({ table, chain, policy }) => [table, chain, policy]),
    sysctls,
  ])
  digests.set(namespace, text)
  return text
}
