import type { Hop, Journey } from '../../model/journey.ts'
import { failedLeg, legsOf } from '../../model/journey-legs.ts'
import type { HostSnapshot } from '../../model/snapshot.ts'
import { type Wiring, wiringOf } from '../../model/wiring.ts'

/** The way of a packet in the drawing. */
export interface Lit {
  /** Inodes of the namespaces it comes through. */
  readonly namespaces: ReadonlySet<number>
  /** {@link litLink} of the links it passes. */
  readonly links: ReadonlySet<string>
  /** Where it ends, when it does not arrive. */
  readonly stop?: { readonly namespace: number; readonly link?: string }
}

export function litLink(namespace: number, link: string): string {
  return `${namespace} ${link}`
}

/** The packet's way, and that of the answer when that is what does not arrive. */
export function litOf(journey: Journey, snapshot: HostSnapshot): Lit {
  const failed = failedLeg(journey)
  const legs = legsOf(journey).slice(0, failed === undefined ? 1 : failed.position + 1)
  const hops = legs.flatMap((leg) => leg.hops)
  const last = failed?.leg.hops.at(-1)
  const namespace = failed?.leg.where?.namespace ?? last?.namespace
  const link = failed?.leg.where?.link ?? last?.subject
  return {
    namespaces: new Set(hops.map((hop) => hop.namespace)),
    links: new Set(hops.flatMap((hop) => linksOfHop(hop, wiringOf(snapshot)))),
    ...(failed === undefined || namespace === undefined
      ? {}
      : { stop: { namespace, ...(link === undefined ? {} : { link }) } }),
  }
}

/** Also the other end of a cable that it leaves by. */
function linksOfHop({ namespace, stage, subject, stopped, in: from }: Hop, wiring: Wiring): readonly string[] {
  const links = [subject, ...(from === undefined ? [] : [from])].map((name) => litLink(namespace, name))
  if (stage !== 'link' || stopped === true) return links
  const link = wiring.namespace(namespace)?.links.find(({ name }) => name === subject)
  const peer = link === undefined ? undefined : wiring.peerOf(link)
  return peer === undefined ? links : [...links, litLink(peer.namespace.inode, peer.link.name)]
}
