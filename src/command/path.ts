import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { predictWithFixes } from '../flow/fix/suggest.ts'
import type { Flow, Journey } from '../flow/journey.ts'
import { mtuBudget } from '../flow/mtu-budget.ts'
import { parseDestination, resolveDestination, selectSpace, spaceWith } from '../flow/names.ts'
import { protocolNumber } from '../flow/packet.ts'
import { type Facts as FlowFacts, type Space, World } from '../flow/world.ts'
import { failedLeg } from '../model/journey-legs.ts'
import { didYouMean } from '../model/nearest.ts'
import { KINDS, type Kind } from '../model/snapshot.ts'
import { journeyDot, journeyMermaid } from '../report/journey-graphs.ts'
import { journeyLine, journeyLines } from '../report/journey-lines.ts'
import { noteHidden, readFacts, readSnapshotFile } from './facts.ts'
import { Options } from './options.ts'

/** Where the packet would go: says so, and ends with 0 delivered, 1 not, 4 cannot say. */
export async function path(context: Context): Promise<number> {
  const facts = await flowFacts(context)
  const world = new World(facts)
  const { options, output } = context
  const flow = flowOf(context, world)
  const predicted = predictWithFixes(world, flow)
  const mtu = options.has('mtu') ? mtuBudget(world, flow) : undefined
  const journey: Journey = mtu === undefined ? predicted : { ...predicted, mtu }
  const format = formatOf(options)
  if (format === 'json') output.json(journey)
  else if (format !== 'text') output.write(FORMATS[format](journey))
  else {
    const detailed = options.has('detailed')
    output.write(`${journeyLines(journey, { detailed, colour: output.terminal.colour }).join('\n')}\n`)
    noteHidden(
      context,
      facts.snapshots.flatMap(({ hidden }) => hidden),
    )
  }
  return statusOf(journey)
}

/** The forms that need no more than the journey. */
const FORMATS = {
  minimal: (journey: Journey) => `${journeyLine(journey)}\n`,
  dot: journeyDot,
  mermaid: journeyMermaid,
} as const

export const PATH_FORMATS = ['text', 'minimal', 'json', 'dot', 'mermaid'] as const

/** Also of what `trace` prints. */
export function formatOf(options: Context['options']): (typeof PATH_FORMATS)[number] {
  if (options.has('json')) return 'json'
  if (options.has('minimal')) return 'minimal'
  const wanted = options.text('format') ?? 'text'
  const format = PATH_FORMATS.find((each) => each === wanted)
  if (format !== undefined) return format
  throw new TsnetError('usage', `no such format: ${wanted}${didYouMean(wanted, PATH_FORMATS)}`, {
    hint: `Formats: ${PATH_FORMATS.join(' ')}`,
  })
}

/** What a prediction does not use. */
const UNUSED: ReadonlySet<Kind> = new Set(['qdisc', 'dns'])

/** This host, or as many saved ones as `--from` names. */
export async function flowFacts({ options }: Pick<Context, 'options'>): Promise<FlowFacts> {
  const files = options.list('from')
  if (files.length > 0) return { snapshots: files.map(readSnapshotFile) }
  const kinds = KINDS.filter((kind) => !UNUSED.has(kind))
  // every namespace, whatever -n names: a packet may pass any
  const others = new Options(new Map([['docker-socket', options.list('docker-socket')]]))
  const { snapshot, connections } = await readFacts({ options: others }, { kinds, connections: true })
  return { snapshots: [snapshot], connections: [connections] }
}

/** Delivered is not enough when the answer does not come back, or the connection does not come about. */
export function statusOf(journey: Journey): number {
  const failed = failedLeg(journey)
  if (failed === undefined) return 0
  const { verdict } = failed.leg
  return verdict === 'dropped' || verdict === 'rejected' ? 1 : 4
}

const OUTSIDE = 'outside'

/** The flow that the words and options of a command line mean. */
export function flowOf({ positionals, options }: Context, world: World): Flow {
  const [sourceText = '', destinationText = ''] = positionals
  const { host, port } = parseDestination(destinationText)
  const family = options.has('ipv6') ? 6 : options.has('ipv4') ? 4 : undefined
  const isOutside = sourceText === OUTSIDE
  const sender = isOutside ? undefined : selectSpace(world, sourceText)
  const { address, name } = resolveDestination(world, sender, host, family)
  const space = sender ?? entrance(world, address)
  const protocol = protocolOf(options.text('proto') ?? (port === undefined ? 'icmp' : 'tcp'), port)
  const link = options.text('link')
  const from = options.text('source-address')
  return {
    source: {
      namespace: space.namespace.inode,
      name: space.name,
      ...(world.facts.snapshots.length > 1 ? { host: space.host } : {}),
      ...(isOutside ? { outside: true } : {}),
      ...(link === undefined ? {} : { link }),
      ...(from === undefined ? {} : { address: from }),
    },
    destination: address.text,
    ...(name === undefined ? {} : { destinationName: name }),
    protocol,
    ...(port === undefined ? {} : { destinationPort: port }),
    ...numbers(options),
    ...(options.has('df') ? { df: true } : {}),
  }
}

function entrance(world: World, address: ReturnType<typeof resolveDestination>['address']): Space {
  const space = spaceWith(world, address) ?? world.spaces.find(({ namespace }) => namespace.owner.kind === 'host')
  if (space !== undefined) return space
  throw new TsnetError('usage', `outside: nobody in the facts has ${address.text}, and there is no host`)
}

function protocolOf(text: string, port: number | undefined): string {
  if (protocolNumber(text) === undefined) {
    throw new TsnetError('usage', `proto ${text}: no such protocol`, { hint: 'tcp, udp, icmp, sctp or a number' })
  }
  if (port === undefined && (text === 'tcp' || text === 'udp')) {
    throw new TsnetError('usage', `proto ${text}: needs a port`, { hint: 'Write the destination as NAME:PORT' })
  }
  return text
}

/** Option → field of the flow. */
const NUMBERS = { 'source-port': 'sourcePort', mark: 'mark', ttl: 'ttl', size: 'size', uid: 'uid' } as const

function numbers(options: Context['options']): Partial<Flow> {
  return Object.fromEntries(
    Object.entries(NUMBERS).flatMap(([option, field]) => {
      const text = options.text(option)
      return text === undefined ? [] : [[field, wholeNumber(option, text)]]
    }),
  )
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0) return value
  throw new TsnetError('usage', `--${option} ${text}: not a number`)
}
