import type { Link, Neighbour } from '../../model/snapshot.ts'
import { type Ip, ip } from '../address.ts'
import { BROADCAST, type Frame, type Probe, type Question, UNKNOWN_MAC } from '../link/frame.ts'
import type { Medium, Resolved } from '../link/medium.ts'
import type { Packet } from '../packet.ts'
import { addressType } from '../routing/input.ts'
import { selectSource } from '../routing/source-address.ts'
import type { Loss } from '../run.ts'
import { isValid, placeIn, type Space, type SpaceLink } from '../world.ts'
import { advertisement, enters, leaves, solicitation } from './discovery.ts'

/** The MAC of a neighbour: from the table, or from whoever answers the question. */
export function resolveNeighbour(medium: Medium, at: SpaceLink, target: Ip, source: Ip | undefined): Resolved {
  const { run } = medium
  const { space, link } = at
  const known = knownNeighbour(space, link, target)
  if (known?.mac !== undefined) {
    return { kind: 'mac', mac: known.mac, text: `${target.text} is at ${known.mac} (${known.states.join(' ')})` }
  }
  const key = askedKey(at, target)
  const before = run.asked.get(key)
  if (before !== undefined) return before
  const resolved = run.quietly(() => ask(medium, at, target, askerAddress(space, link, target, source)))
  run.asked.set(key, resolved)
  return resolved
}

function askedKey({ space, link }: SpaceLink, { text }: Ip): string {
  return `${space.host}:${space.namespace.inode}:${link.index}:${text}`
}

function knownNeighbour({ namespace }: Space, { index }: Link, { text }: Ip): Neighbour | undefined {
  return namespace.neighbours.find((each) => each.link === index && each.address === text && isValid(each))
}

/** arp_announce 0: the packet's own source when it is one of ours. */
function askerAddress(space: Space, link: Link, target: Ip, source: Ip | undefined): Ip {
  if (source !== undefined && source.family === target.family && addressType(space, source) === 'local') return source
  const unspecified = ip(target.family === 4 ? '0.0.0.0' : '::')
  return selectSource(space, link, { destination: target, gateway: target, scope: 'link' }) ?? unspecified
}

function ask(medium: Medium, at: SpaceLink, target: Ip, asker: Ip): Resolved {
  const { run } = medium
  const lossesBefore = run.losses.length
  const shown = solicitation(asker, target)
  const question: Question = {
    kind: 'question',
    target,
    asker,
    answers: [],
    proxied: [],
    outside: false,
    ...(shown === undefined ? {} : { shown }),
  }
  const source = at.link.mac ?? UNKNOWN_MAC
  if (leaves(run, at, shown)) medium.transmit(at, { source, destination: BROADCAST, body: question })
  const [proxied] = question.proxied
  if (proxied !== undefined) return found(target, proxied.mac, `answered by ${proxied.who}`)
  const answer = answerOf(medium, at, question, source)
  if (answer !== undefined) {
    return found(target, answer.link.mac ?? UNKNOWN_MAC, `answers from ${answer.space.name} ${answer.link.name}`)
  }
  const losses = run.losses.slice(lossesBefore)
  const isolated = parentWith(at, target)
  if (isolated !== undefined) return { kind: 'none', ...isolated }
  if (question.outside && !isKnownElsewhere(at, target)) return found(target, UNKNOWN_MAC, 'whoever that is outside')
  return nobody(at, target, losses)
}

/** Whose answer gets back. Two with the same address race each other, and nobody knows who wins. */
function answerOf(medium: Medium, at: SpaceLink, question: Question, source: string): SpaceLink | undefined {
  const { run } = medium
  const { target, asker } = question
  const heard = question.answers.filter((answer) => {
    learnAsker(run, answer, asker, source)
    return reaches(medium, answer, at, advertisement(target, asker))
  })
  const macs = new Set(heard.map(({ link }) => link.mac))
  if (macs.size < 2) return heard[0]
  const words = heard.map(({ space, link }) => `${space.name} ${link.name} (${link.mac})`)
  return heard[run.choose({ what: `which of ${words.length} that have ${target.text} answers first` }, words)]
}

/** Who answers a question remembers who asked it. */
function learnAsker(run: Medium['run'], answer: SpaceLink, asker: Ip, mac: string): void {
  const key = askedKey(answer, asker)
  if (!run.asked.has(key)) run.asked.set(key, { kind: 'mac', mac, text: `${asker.text} is at ${mac}: it asked before` })
}

function found(target: Ip, mac: string, who: string): Resolved {
  return { kind: 'mac', mac, text: `${target.text} is at ${mac}: ${who}` }
}

/** Whether an answer gets back to who asked. */
function reaches(medium: Medium, from: SpaceLink, to: SpaceLink, shown: Packet | undefined): boolean {
  const { run } = medium
  if (!leaves(run, from, shown)) return false
  const probe: Probe = { kind: 'probe', to, arrived: false, ...(shown === undefined ? {} : { shown }) }
  const frame: Frame = { source: from.link.mac ?? UNKNOWN_MAC, destination: to.link.mac ?? UNKNOWN_MAC, body: probe }
  medium.transmit(from, frame)
  return probe.arrived && enters(run, to, shown)
}

/** The address is on the parent of the macvlan or ipvlan that asks: the kernel keeps the two apart. */
function parentWith({ space, link }: SpaceLink, target: Ip) {
  if (link.macvlan === undefined && link.ipvlan === undefined) return undefined
  const parent = space.world.other(space, link.parent)
  if (parent === undefined || addressType(parent.space, target) !== 'local') return undefined
  const text = `${target.text} is an address of ${parent.space.name}, on whose ${parent.link.name} the ${link.kind} ${link.name} sits: a ${link.kind} and its parent cannot reach each other`
  return { text, place: placeIn(space, 'link', text, { link: link.name }) }
}

function ownersOf({ space }: SpaceLink, target: Ip): readonly SpaceLink[] {
  return space.world.spaces.flatMap((other) =>
    other.namespace.addresses
      .filter(({ address }) => address.startsWith(`${target.text}/`))
      .flatMap(({ link: index }) => {
        const link = other.namespace.links.find((each) => each.index === index)
        return link === undefined || link.kind === 'loopback' ? [] : [{ space: other, link }]
      }),
  )
}

/** On this host, so that it cannot be outside. */
function isKnownElsewhere(at: SpaceLink, target: Ip): boolean {
  return ownersOf(at, target).some(({ space }) => space.host === at.space.host)
}

/** Nobody answers: the loss that is nearest to who has the address is the reason, if somebody has it. */
function nobody(at: SpaceLink, target: Ip, losses: readonly Loss[]): Resolved {
  const { space, link } = at
  const owners = ownersOf(at, target)
  const relevant =
    losses.find((loss) => owners.some((owner) => isNear(owner, loss))) ??
    (owners.length > 0 || losses.length === 1 ? losses[0] : undefined)
  if (relevant !== undefined) {
    return {
      kind: 'none',
      text: `nobody answers for ${target.text} on ${link.name}: ${relevant.reason}`,
      place: relevant.place,
    }
  }
  const who = owners[0]
  const why =
    who === undefined
      ? 'nobody in the facts has that address'
      : `${who.space.name} has it on ${who.link.name}, which is not on the same segment`
  const text = `nobody answers for ${target.text} on ${link.name}: ${why}`
  return { kind: 'none', text, place: placeIn(space, 'neighbour', text, { link: link.name }) }
}

/** The loss happened at the owner's link, at the other end of its cable, or in its namespace. */
function isNear(owner: SpaceLink, loss: Loss): boolean {
  if (loss.space === owner.space) return true
  const peer = owner.space.world.other(owner.space, owner.link.peer)
  return peer !== undefined && peer.space === loss.space && peer.link.name === loss.link
}
