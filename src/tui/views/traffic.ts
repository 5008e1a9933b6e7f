import type { DnsConfiguration, IpSet, Qdisc, Socket, XfrmPolicy, XfrmState } from '../../model/snapshot.ts'
import type { Row } from '../../report/columns.ts'
import { DNS } from '../../report/tables/dns.ts'
import { IPSET } from '../../report/tables/ipset.ts'
import { IPVS, type IpvsRow } from '../../report/tables/ipvs.ts'
import { QDISC } from '../../report/tables/qdisc.ts'
import { SOCKETS } from '../../report/tables/sockets.ts'
import { SYSCTL, type Sysctl } from '../../report/tables/sysctl.ts'
import { XFRM } from '../../report/tables/xfrm.ts'
import { toAddress, toOwnLink } from './jumps.ts'
import { tableView } from './table-view.ts'

/** Enter: who has the address at the other end. */
export const SOCKETS_VIEW = tableView<Row<Socket>>({
  id: 'sockets',
  aliases: ['socket', 'ss', 'ports'],
  table: SOCKETS,
  topic: 'socket',
  empty: 'No socket here: nothing in this namespace listens or is connected.',
  enter: ({ object, wiring }) => toAddress(wiring, object.remote),
  decorate: ({ object }) =>
    object.state === 'LISTEN' && object.sendQueue > 0 && object.receiveQueue > object.sendQueue
      ? { health: { mark: '✖', reasons: ['its accept queue is full: new connections are dropped without a word'] } }
      : {},
})

/** Enter: the container behind the virtual address. */
export const IPVS_VIEW = tableView<IpvsRow>({
  id: 'ipvs',
  aliases: ['lb', 'vip'],
  table: IPVS,
  topic: 'ipvs',
  empty: 'No IPVS service here. Docker Swarm has them in its lb_* sandboxes, kube-proxy on the host.',
  enter: ({ destination, wiring }) => toAddress(wiring, destination?.address),
  decorate: ({ destination }) =>
    destination === undefined ? { health: { mark: '▲', reasons: ['the service has no destination'] } } : {},
})

export const IPSET_VIEW = tableView<Row<IpSet>>({
  id: 'ipset',
  aliases: ['ipsets', 'sets'],
  table: IPSET,
  topic: 'ipset',
  empty: 'No ipset here.',
})

export const XFRM_VIEW = tableView<Row<XfrmState | XfrmPolicy>>({
  id: 'xfrm',
  aliases: ['ipsec'],
  table: XFRM,
  topic: ({ object }) => ('spi' in object ? 'xfrm state' : 'xfrm policy'),
  empty: 'No IPsec state and no policy here. An encrypted overlay has them on the host.',
  enter: ({ object, wiring }) => toAddress(wiring, object.destination.replace(/\/\d+$/, '')),
})

/** Enter: the link it queues for. */
export const QDISC_VIEW = tableView<Row<Qdisc>>({
  id: 'qdisc',
  aliases: ['qdiscs', 'tc'],
  table: QDISC,
  topic: 'qdisc',
  empty: 'No queueing discipline here.',
  enter: (row) => toOwnLink(row, row.object.link),
  decorate: ({ object }) =>
    object.kind === 'netem' ? { health: { mark: '▲', reasons: ['netem adds delay or loss on purpose'] } } : {},
})

export const SYSCTL_VIEW = tableView<Row<Sysctl>>({
  id: 'sysctl',
  aliases: ['sysctls'],
  table: SYSCTL,
  topic: 'sysctl',
  empty: 'No kernel setting could be read here.',
})

export const DNS_VIEW = tableView<Row<DnsConfiguration>>({
  id: 'dns',
  aliases: ['resolv'],
  table: DNS,
  topic: 'dns',
  empty: 'No resolv.conf belongs to this namespace: it has no process of its own.',
  enter: ({ object, wiring }) => object.servers.map((server) => toAddress(wiring, server)).find((target) => target),
})
