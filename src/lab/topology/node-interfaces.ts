import type { AttachmentSpec, LabTopology, LinkEndSpec, LinkSpec, NodeSpec } from './topology.ts'

type Named<T> = T & { readonly interface: string }

/** The interfaces of a host or router, in their order: on segments, on links, to the real machine. */
export interface NodeInterfaces {
  readonly attachments: readonly Named<AttachmentSpec>[]
  readonly ends: readonly { readonly link: LinkSpec; readonly end: Named<LinkEndSpec> }[]
  /** Absent = it is not exposed. */
  readonly expose?: string
}

/** Those without a name of their own are the next of eth0, eth1… */
export function nodeInterfaces({ links }: LabTopology, node: NodeSpec): NodeInterfaces {
  const ends = links.flatMap((link) => link.ends.filter((end) => end.node === node.name).map((end) => ({ link, end })))
  const taken = new Set([...node.attachments, ...ends.map(({ end }) => end)].map((each) => each.interface))
  let next = 0
  const nextName = (): string => {
    while (taken.has(`eth${next}`)) next++
    return `eth${next++}`
  }
  return {
    attachments: node.attachments.map((each) => ({ ...each, interface: each.interface ?? nextName() })),
    ends: ends.map(({ link, end }) => ({ link, end: { ...end, interface: end.interface ?? nextName() } })),
    ...(node.expose === undefined ? {} : { expose: nextName() }),
  }
}
