import type { Namespace } from '../../model/snapshot.ts'
import { nameOf } from '../../model/wiring.ts'
import { sanitise } from '../../report/sanitise.ts'
import { NOT_ASKED } from '../asks/ask.ts'
import { gridOf } from '../matrix/matrix.ts'
import { addressTowards, listeningPorts, namespaceCalled, wordOf } from '../path/ends.ts'
import { NO_PATH, type PathQuestion } from '../path/path.ts'
import { selectedItem } from '../selection.ts'
import { only, type State, type Transition, tell } from '../state.ts'
import { captureAgain } from './capture.ts'
import { selectedNamespace } from './ends.ts'
import { goInto } from './go.ts'

/** p: the path between the marked ends; where the port is not sure, it is asked for. */
export function predictPath(state: State): Transition {
  if (state.place.view === 'matrix' && state.place.pane === 'view') return predictCell(state)
  const [source, destination] = endsOf(state)
  if (source === undefined || destination === undefined) {
    if (state.path.question === undefined) {
      return tell(state, 'mark the source and the destination with space, or :path SOURCE DESTINATION[:PORT]', 'faint')
    }
    return only(ask(state, state.path.question))
  }
  const ports = listeningPorts(destination)
  const words = [wordOf(state.host.snapshot, source), wordOf(state.host.snapshot, destination)]
  const [port = '', protocol = ''] = ports[0]?.split('/') ?? []
  const text = `path ${words.join(' ')}${port === '' ? '' : `:${port}`}${protocol === '' ? '' : ` ${protocol}`}`
  return only({ ...state, prompt: { kind: 'command', text, before: '', candidates: [], chosen: -1 } })
}

/** One mark and another namespace selected are two ends. */
export function endsOf(state: State): readonly (Namespace | undefined)[] {
  const { namespaces } = state.host.snapshot
  const [source, destination] = state.ends.map((inode) => namespaces.find((each) => each.inode === inode))
  if (source === undefined || destination !== undefined) return [source, destination]
  const selected = selectedNamespace(state)
  return [source, selected === source ? undefined : selected]
}

const USAGE = 'path SOURCE DESTINATION[:PORT] [tcp|udp|icmp]: the source is a namespace or outside'
const PROTOCOLS = ['tcp', 'udp', 'icmp', 'sctp']

/** `:path web db:8500 [udp]`; without words the last one again. */
export function pathCommand(state: State, argument: string): Transition {
  const [source = '', target = '', protocol, ...rest] = argument.split(/\s+/)
  if (source === '' && state.path.question !== undefined) return only(ask(state, state.path.question))
  const isKnown = protocol === undefined || PROTOCOLS.includes(protocol)
  if (target === '' || rest.length > 0 || !isKnown) return tell(state, USAGE, 'error')
  const question = questionOf(state, [source, target], protocol)
  if (typeof question === 'string') return tell(state, question, 'error')
  return only(ask(state, question))
}

function questionOf(
  { host: { snapshot } }: State,
  [source, target]: readonly [string, string],
  protocol: string | undefined,
): PathQuestion | string {
  const { host, port } = partsOf(target)
  if (!isPort(port)) return `${sanitise(port ?? '')} is no port`
  if ((protocol === 'tcp' || protocol === 'udp') && port === undefined) return `${protocol} needs a port: ${USAGE}`
  // a word of ours must not be taken for an option
  if (source.startsWith('-') || host.startsWith('-')) return USAGE
  const sender = source === 'outside' ? undefined : namespaceCalled(snapshot, source)
  const receiver = namespaceCalled(snapshot, host)
  const address = receiver === undefined ? host : addressTowards(sender, receiver)
  if (address === undefined) return `${sanitise(host)} has no address that others reach`
  const from = sender === undefined ? source : nameOf(sender)
  return {
    source: sender === undefined ? source : `inode:${sender.inode}`,
    destination: address,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(protocol === undefined ? {} : { protocol }),
    title: titleOf(from, receiver === undefined ? host : nameOf(receiver), { port, protocol }),
  }
}

function isPort(port: string | undefined): boolean {
  return port === undefined || (Number(port) > 0 && Number(port) <= 0xffff)
}

/** `web → db:8500 udp`. */
function titleOf(
  from: string,
  to: string,
  { port, protocol }: { readonly port: string | undefined; readonly protocol: string | undefined },
): string {
  const end = port === undefined ? to : `${to}:${port}`
  return sanitise(`${from} → ${end}${protocol === undefined ? '' : ` ${protocol}`}`, { max: 100 })
}

/** `db:8500`, `[fd00::1]:80`, `inode:4026532178:80`, `fd00::1`. */
function partsOf(target: string): { readonly host: string; readonly port?: string } {
  const match = /^\[([^\]]+)\](?::(.*))?$/.exec(target) ?? /^(inode:\d+|[^:]*)(?::([^:]*))?$/.exec(target)
  const [, host = target, port] = match ?? []
  return port === undefined || port === '' ? { host } : { host, port }
}

/** What tab offers after `path `. */
export function pathCompletions({ host: { snapshot } }: State, typed: string): readonly string[] {
  const { namespaces } = snapshot
  const words = namespaces.map((each) => wordOf(snapshot, each))
  const gap = typed.indexOf(' ')
  if (gap < 0) return ['outside', ...words]
  const source = typed.slice(0, gap)
  return namespaces.flatMap((each, at) => {
    const word = `${source} ${words[at]}`
    return [word, ...listeningPorts(each).map((port) => `${word}:${port.replace('/', ' ')}`)]
  })
}

/** The view of it, from which esc comes back. */
function ask(state: State, question: PathQuestion): State {
  const { path, place } = state
  const isSame = path.question !== undefined && JSON.stringify(path.question) === JSON.stringify(question)
  const turn = path.turn + 1
  const next = isSame
    ? { ...path, question, turn, before: undefined, isStopped: false }
    : { ...NO_PATH, question, turn, isDetailed: path.isDetailed, isMtuShown: path.isMtuShown }
  const asked = { ...state, path: next }
  if (place.view === 'path' && place.pane === 'view') return asked
  const { row: _, ...here } = place
  return goInto(asked, { ...here, view: 'path', pane: 'view' })
}

/** enter on a cell: the journey of that pair. */
export function predictCell(state: State): Transition {
  const { answer } = state.matrix.asked
  const item = selectedItem(state)
  if (answer === undefined || item === undefined) return tell(state, 'nothing here', 'faint')
  const row = gridOf(answer).rows.find(({ from }) => `matrix ${from}` === item.id)
  const to = row?.cells[state.matrix.column]?.to
  if (row === undefined || to === undefined) return tell(state, 'nothing here', 'faint')
  const sender = namespaceCalled(state.host.snapshot, row.from)
  const port = to.port === undefined ? undefined : String(to.port)
  const protocol = to.protocol === 'tcp' && to.port !== undefined ? undefined : to.protocol
  return only(
    ask(state, {
      source: sender === undefined ? row.from : `inode:${sender.inode}`,
      destination: to.address,
      ...(to.port === undefined ? {} : { port: to.port }),
      ...(protocol === undefined ? {} : { protocol }),
      title: titleOf(row.from, to.name, { port, protocol }),
    }),
  )
}

export function toggleDetail(state: State): Transition {
  if (state.place.view !== 'path')
    return tell(state, 'v shows every rule and route that a path consults: :path goes there', 'faint')
  return only({ ...state, path: { ...state.path, isDetailed: !state.path.isDetailed } })
}

export function toggleMtu(state: State): Transition {
  if (state.place.view !== 'path') return tell(state, 'm shows what a path lets through: :path goes there', 'faint')
  return only({ ...state, path: { ...state.path, isMtuShown: !state.path.isMtuShown } })
}

/** t: said before anything is sent or added. */
export function askToTrace(state: State): Transition {
  const { question, trace } = state.path
  if (state.place.view !== 'path' || question === undefined) {
    return tell(state, 't sends a real packet along the path that is shown: p predicts one first', 'faint')
  }
  if (state.host.status === 'saved')
    return tell(state, 'this is a saved snapshot: a packet needs a live host', 'warning')
  if (isTracing(state)) return tell(state, 'a packet is under way: esc stops it', 'warning')
  if (trace.answer !== undefined) return startTrace(state)
  return only({
    ...state,
    question: {
      text: 'send a real packet? A table of nftables is added in the namespaces on the way, and removed afterwards',
      yes: { type: 'trace' },
    },
  })
}

function isTracing({ path: { trace } }: State): boolean {
  return trace.key !== '' && trace.answer === undefined && trace.problem === undefined
}

export function startTrace(state: State): Transition {
  const { path } = state
  const turn = Number(/\d+$/.exec(path.trace.key)?.[0] ?? 0) + 1
  return only({ ...state, path: { ...path, trace: { key: `trace #${turn}`, isAsking: true } } })
}

/** r: what another process found out is asked for again. */
export function askAgain(state: State): Transition {
  const { place, path, matrix, doctor } = state
  switch (place.view) {
    case 'path':
    case 'topology':
      return path.question === undefined ? predictPath(state) : only(ask(state, path.question))
    case 'capture':
      return captureAgain(state)
    case 'matrix':
      return only({ ...state, matrix: { ...matrix, turn: matrix.turn + 1, isStopped: false } })
    case 'doctor':
      return only({ ...state, doctor: { ...doctor, turn: doctor.turn + 1 } })
    default:
      return tell(state, 'this view is up to date by itself', 'faint')
  }
}

/** esc on what is under way: nothing when esc is for something else. */
export function stopPath(state: State): Transition | undefined {
  const { place, path, matrix } = state
  if (place.view === 'path' && isTracing(state)) {
    return tell(
      { ...state, path: { ...path, trace: NOT_ASKED } },
      'stopped: the trace takes back what it added',
      'warning',
    )
  }
  if (place.view === 'path' && path.predicted.isAsking && path.predicted.answer === undefined) {
    const predicted = { ...NOT_ASKED, problem: 'stopped: p predicts it' }
    return only({ ...state, path: { ...path, predicted, isStopped: true } })
  }
  if (place.view === 'matrix' && matrix.asked.isAsking) {
    const asked = { ...matrix.asked, isAsking: false }
    const stopped = asked.answer === undefined ? { ...asked, problem: 'stopped: r predicts it' } : asked
    return only({ ...state, matrix: { ...matrix, asked: stopped, isStopped: true } })
  }
  return undefined
}
