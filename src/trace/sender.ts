import { TsnetError } from '../errors.ts'
import type { Space, SpaceLink, World } from '../flow/world.ts'
import type { Flow } from '../model/journey.ts'

/** What can be sent, and what has to be said about it. */
export interface Sender {
  readonly flow: Flow
  readonly note?: string
}

/**
 * Nobody can send from outside of this machine. Where the other end of the uplink is a namespace that we see, the probe
 * is sent from there; where it is not, existing traffic can be followed.
 *
 * @throws TsnetError `unsupported` where neither is possible
 */
export function senderOf(world: World, flow: Flow, isPassive: boolean): Sender {
  if (flow.source.outside !== true || isPassive) return { flow }
  const space = world.space(flow.source.host ?? 0, flow.source.namespace)
  const beyond = space === undefined ? undefined : beyondOf(space, flow)
  if (beyond === undefined) {
    throw new TsnetError(
      'unsupported',
      `trace outside: nobody is on this machine at the other end of an uplink of ${flow.source.name}`,
      {
        hint: 'Follow real traffic with --passive FILTER, or send from a namespace: trace SOURCE DESTINATION',
      },
    )
  }
  const { namespace, name } = beyond.space
  const { address } = flow.source
  return {
    flow: {
      ...flow,
      source: {
        namespace: namespace.inode,
        name,
        link: beyond.link.name,
        ...(address === undefined ? {} : { address }),
      },
    },
    note: `sent from ${name} ${beyond.link.name}, the other end of the uplink of ${flow.source.name}`,
  }
}

/** The other end of the link by which a packet from outside comes in. */
function beyondOf(space: Space, { source, destination }: Flow): SpaceLink | undefined {
  const { links, addresses } = space.namespace
  const hasDestination = (index: number) =>
    addresses.some(({ link, address }) => link === index && address.startsWith(`${destination}/`))
  const candidates = links
    .filter(({ name, master }) => (source.link === undefined ? master === undefined : name === source.link))
    .toSorted((a, b) => Number(hasDestination(b.index)) - Number(hasDestination(a.index)))
  for (const { peer } of candidates) {
    const other = space.world.other(space, peer)
    // behind a port of a bridge there is a cable, not somebody who could send
    if (other !== undefined && other.space !== space && other.link.master === undefined) return other
  }
  return undefined
}
