import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import type { MatrixTarget, PolicyResult } from '../flow/journey.ts'
import { listeningTargets, predictMatrix } from '../flow/matrix.ts'
import { parseDestination, resolveDestination, selectSpace } from '../flow/names.ts'
import { diffReachability } from '../flow/reachability-diff.ts'
import { type Space, World } from '../flow/world.ts'
import type { HostSnapshot } from '../model/snapshot.ts'
import { matrixJunit, matrixTable, policyLines, reachabilityLines } from '../report/matrix.ts'
import { flowFacts } from './path.ts'

/** Who may talk to whom: ends with 1 when a policy is not kept. */
export async function matrix(context: Context): Promise<number> {
  const { options, output } = context
  const world = new World(await flowFacts(context))
  const policies = [...policiesOf(options.list('must'), 'must'), ...policiesOf(options.list('must-not'), 'must-not')]
  const results = policies.map((policy) => judged(world, policy))
  const spaces = chosen(world, options.list('netns'))
  const cells = predictMatrix(world, spaces, targetsOf(spaces, options.list('port')))
  if (options.has('json')) output.json({ cells, policies: results })
  else if (options.has('junit')) output.write(matrixJunit(cells, results))
  else {
    output.write(matrixTable(cells, { colour: output.terminal.colour }))
    if (results.length > 0) output.write(`${policyLines(results).join('\n')}\n`)
  }
  return results.every(({ isKept }) => isKept) ? 0 : 1
}

/** Those that people mean by containers: whatever has an address of its own and is no host or part of an engine. */
const OTHERS: ReadonlySet<string> = new Set(['host', 'docker-sandbox', 'peer', 'fd'])

function chosen(world: World, selectors: readonly string[]): readonly Space[] {
  if (selectors.length > 0) return [...new Set(selectors.map((selector) => selectSpace(world, selector)))]
  return world.spaces.filter(
    ({ namespace }) => !OTHERS.has(namespace.owner.kind) && namespace.addresses.some(({ scope }) => scope === 'global'),
  )
}

function targetsOf(spaces: readonly Space[], ports: readonly string[]): readonly MatrixTarget[] {
  const listening = listeningTargets(spaces)
  if (ports.length === 0) return listening
  const addresses = spaces.flatMap(({ name, namespace }) =>
    namespace.addresses
      .filter(({ scope, address }) => scope === 'global' && !address.includes(':'))
      .map(({ address }) => ({ name, address: address.split('/')[0] ?? '' })),
  )
  return addresses.flatMap((each) => ports.map((text) => ({ ...each, ...portOf(text) })))
}

/** `80`, `53/udp`, or `icmp`. */
function portOf(text: string): { readonly protocol: string; readonly port?: number } {
  if (text === 'icmp') return { protocol: 'icmp' }
  const [, port = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text) ?? []
  if (port === '') throw new TsnetError('usage', `--port ${text}: want PORT, PORT/udp or icmp`)
  return { protocol, port: Number(port) }
}

/** What a change did to who can talk to whom, of two saved snapshots. */
export function showReachabilityDiff({ options, output }: Context, before: HostSnapshot, after: HostSnapshot): void {
  const worlds = [before, after].map((snapshot) => new World({ snapshots: [snapshot] })) as [World, World]
  const changes = diffReachability(...worlds, (world) => chosen(world, []))
  if (options.has('json')) output.json(changes)
  else if (changes.length === 0) output.note('nobody gained or lost anything')
  else output.write(`${reachabilityLines(changes).join('\n')}\n`)
}

interface Policy {
  readonly text: string
  readonly from: string
  readonly to: string
  readonly wants: PolicyResult['wants']
}

function policiesOf(texts: readonly string[], wants: Policy['wants']): Policy[] {
  return texts.map((text) => {
    const [from, to, ...rest] = text.split(/\s*->\s*/)
    if (from === undefined || to === undefined || rest.length > 0 || from === '' || to === '') {
      throw new TsnetError('usage', `--${wants} ${text}: want SOURCE->DESTINATION[:PORT]`)
    }
    return { text, from, to, wants }
  })
}

function judged(world: World, { text, from, to, wants }: Policy): PolicyResult {
  const source = selectSpace(world, from)
  const { host, port } = parseDestination(to)
  const { address, name = host } = resolveDestination(world, source, host)
  const target = {
    name,
    address: address.text,
    ...(port === undefined ? { protocol: 'icmp' } : { protocol: 'tcp', port }),
  }
  const [cell] = predictMatrix(world, [source], [target])
  const isAnswered = cell?.isAnswered === true
  // what nobody can know is neither allowed nor forbidden for sure
  const isOpen = cell?.verdict === 'depends' || cell?.verdict === 'unknown'
  const isKept = wants === 'must' ? isAnswered : !isAnswered && !isOpen
  return { text, wants, isKept, reason: cell?.reason ?? '' }
}
