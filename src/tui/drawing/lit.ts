import type { Journey } from '../../model/journey.ts'
import { failedLeg, legsOf } from '../../model/journey-legs.ts'

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

/** The packet's way, and that of the first answer that does not come back. */
export function litOf(journey: Journey): Lit {
  const failed = failedLeg(journey)
  const legs = legsOf(journey).slice(0, failed === undefined ? 1 : failed.position + 1)
  const hops = legs.flatMap((leg) => leg.hops)
  const links = hops.flatMap((hop) =>
    [hop.subject, hop.in, hop.out].flatMap((link) => (link === undefined ? [] : [litLink(hop.namespace, link)])),
  )
  // a veth's other end stands in the words of its hop only: a cable is lit when either end is
  const place = failed?.leg.where
  const last = failed?.leg.hops.at(-1)
  const namespace = place?.namespace ?? last?.namespace
  const link = place?.link ?? last?.subject
  return {
    namespaces: new Set(hops.map((hop) => hop.namespace)),
    links: new Set(links),
    ...(failed === undefined || namespace === undefined
      ? {}
      : { stop: { namespace, ...(link === undefined ? {} : { link }) } }),
  }
}
