import type { Link, Neighbour } from '../../model/snapshot.ts'
import { isUnspecified, sameIp } from '../address.ts'
import type { Run } from '../run.ts'
import { isValid, type Space } from '../world.ts'
import { lookupFdb } from './fdb.ts'
import type { Frame, Question } from './frame.ts'

interface Heard {
  readonly space: Space
  readonly bridge: Link
  /** Absent when the namespace of the bridge itself asks. */
  readonly from?: Link
  readonly vlan: number | undefined
  readonly frame: Frame
}

/**
 * Whether a bridge need not ask further who has an address, as it knows (br_do_proxy_suppress_arp, br_do_suppress_nd): the
 * question is then not flooded to ports with `neigh_suppress`. Where the asker's port has `proxy_arp`, or the port behind
 * which the one asked for is has `neigh_suppress`, the bridge answers.
 */
export function isSuppressed(run: Run, heard: Heard): boolean {
  const { space, bridge, from, frame } = heard
  const { body } = frame
  if (!('target' in body)) return false
  const suppresses = isSuppressing(space, bridge)
  if (!suppresses) return from !== undefined && body.target.family === 4 && answer(run, heard, body) === 'answered'
  if (from?.port?.neighSuppress === true) return false
  if (isUnspecified(body.asker) || sameIp(body.asker, body.target) || hasAddress(space, bridge, body)) return true
  return answer(run, heard, body) !== 'not known'
}

/** What the bridge does with what its own neighbours and FDB say. */
function answer(run: Run, { space, bridge, from, vlan }: Heard, body: Question): 'answered' | 'known' | 'not known' {
  const known = knownOn(space, bridge, body)
  const found = known?.mac === undefined ? undefined : lookupFdb(run, space, bridge, known.mac, vlan)
  if (known?.mac === undefined || found === undefined || found.kind === 'unknown') return 'not known'
  const port = found.kind === 'port' ? found.port.port : undefined
  const proxies = body.target.family === 4 && (from?.port?.proxyArp === true || port?.proxyArpWifi === true)
  if (!proxies && port?.neighSuppress !== true) return 'known'
  body.proxied.push({ mac: known.mac, who: `${bridge.name}, for its port` })
  return 'answered'
}

const suppressing = new WeakMap<readonly Link[], ReadonlySet<number>>()

/** Bridges with a port that suppresses. */
function isSuppressing({ namespace: { links } }: Space, { index }: Link): boolean {
  let known = suppressing.get(links)
  if (known === undefined) {
    known = new Set(links.flatMap(({ master, port }) => (port?.neighSuppress === true ? [master ?? 0] : [])))
    suppressing.set(links, known)
  }
  return known.has(index)
}

function hasAddress({ namespace }: Space, { index }: Link, { target }: Question): boolean {
  return namespace.addresses.some(({ link, address }) => link === index && address.startsWith(`${target.text}/`))
}

function knownOn({ namespace }: Space, { index }: Link, { target }: Question): Neighbour | undefined {
  return namespace.neighbours.find((each) => each.link === index && each.address === target.text && isValid(each))
}
