import type { HostSnapshot, Link, Namespace } from '../../model/snapshot.ts'
import { nameOf, wiringOf } from '../../model/wiring.ts'
import type { Row } from '../file/judge.ts'

export interface Place {
  readonly snapshot: HostSnapshot
  readonly namespace: Namespace
}

export function linkRows({ snapshot, namespace }: Place): readonly Row[] {
  const wiring = wiringOf(snapshot)
  const nameOfEnd = (end: Link['peer']): string | undefined => {
    if (end?.namespace === undefined) return undefined
    const link = wiring.link(end.namespace, end.index)
    const owner = snapshot.namespaces.find(({ inode }) => inode === end.namespace)
    return link === undefined || owner === undefined ? undefined : `${nameOf(owner)}:${link.name}`
  }
  return namespace.links.map((link): Row => {
    const { counters, port, vxlan } = link
    return {
      ...commonOf(namespace, link),
      kind: link.kind,
      running: link.flags.includes('LOWER_UP'),
      state: link.operstate,
      master: linkName(namespace, link.master),
      peer: nameOfEnd(link.peer),
      parent: nameOfEnd(link.parent),
      alias: link.alias,
      flags: link.flags,
      qdisc: link.qdisc,
      vlan: link.vlan?.id,
      vni: vxlan?.vni,
      vxlanPort: vxlan?.port,
      hairpin: port?.hairpin,
      isolated: port?.isolated,
      learning: port?.learning ?? vxlan?.learning,
      portState: port?.state,
      rxPackets: counters.rxPackets,
      txPackets: counters.txPackets,
      rxErrors: counters.rxErrors,
      txErrors: counters.txErrors,
      rxDropped: counters.rxDropped,
      txDropped: counters.txDropped,
    }
  })
}

function commonOf(namespace: Namespace, { index, name, mac, mtu, flags }: Link): Row {
  const addresses = namespace.addresses.filter(({ link }) => link === index).map(({ address }) => address)
  return { name, mac, mtu, up: flags.includes('UP'), addresses }
}

export function linkName({ links }: Namespace, index: number | undefined): string | undefined {
  return index === undefined ? undefined : links.find((link) => link.index === index)?.name
}

export function bridgeRows({ namespace }: Place): readonly Row[] {
  return namespace.links
    .filter(({ bridge }) => bridge !== undefined)
    .map((link): Row => {
      const ports = namespace.links.filter(({ master }) => master === link.index).map(({ name }) => name)
      return {
        ...commonOf(namespace, link),
        ports: ports.toSorted(),
        stp: link.bridge?.stp,
        vlanFiltering: link.bridge?.vlanFiltering,
      }
    })
}

export function addressRows({ namespace }: Place): readonly Row[] {
  return namespace.addresses.map(({ address, link, scope, flags }): Row => {
    return {
      address,
      ip: address.split('/')[0] ?? '',
      link: linkName(namespace, link),
      scope,
      flags,
      family: address.includes(':') ? 6 : 4,
    }
  })
}
