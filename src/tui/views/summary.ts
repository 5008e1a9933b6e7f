import type { Container, HostSnapshot, Link, Namespace, Route, Socket } from '../../model/snapshot.ts'
import { nameOf } from '../../model/wiring.ts'
import type { Column, Row } from '../../report/columns.ts'
import { formatEndpoint } from '../../report/format.ts'
import { sanitise } from '../../report/sanitise.ts'
import { addressesOf, LINKS, linkState } from '../../report/tables/links.ts'
import { HEALTHY, type Health, type HealthFacts, healthOf, linkHealth, rowHealths } from '../doctor/health.ts'
import { linkId, toLink } from './jumps.ts'
import type { Item, Target, View, ViewFacts, ViewId } from './view.ts'

/** One line of what matters about a namespace; enter goes to the view that has all of it. */
interface SummaryRow {
  readonly what: string
  readonly text: string
  readonly detail: string
  readonly target: Target | undefined
}

/**
 * ```
 *   WHAT    IT IS                      DETAIL
 *   eth0    172.19.0.3/16              veth up 1500 02:42:ac:13:00:03 → host veth1f2a ▸ br-46cf
 *   route   default via 172.19.0.1     eth0
 *   dns     127.0.0.11                 /etc/resolv.conf
 *   listens *:5000                     node (pid 4411)
 *   port    0.0.0.0:8000 → 80/tcp      published
 * ```
 */
export const SUMMARY: View<SummaryRow> = {
  id: 'summary',
  title: 'summary',
  aliases: ['overview', 'home'],
  kinds: ['links', 'addrs', 'routes', 'sockets', 'dns'],
  inputs: ['deltas', 'doctor'],
  topic: 'namespace',
  empty: 'No namespace here.',
  columns: () => COLUMNS,
  items: (facts) =>
    facts.namespaces.length === 1 ? namespaceItems(facts) : facts.namespaces.map((each) => overviewItem(each, facts)),
  enter: (item) => item.row.target,
}

const COLUMNS: readonly Column<SummaryRow>[] = [
  { name: 'WHAT', align: 'left', text: ({ what }) => what, sort: ({ what }) => what },
  { name: 'IT IS', align: 'left', text: ({ text }) => text, sort: ({ text }) => text },
  { name: 'DETAIL', align: 'left', text: ({ detail }) => detail, sort: ({ detail }) => detail },
]

/** Of several namespaces: one line each. */
function overviewItem(namespace: Namespace, facts: ViewFacts): Item<SummaryRow> {
  const addresses = namespace.addresses.filter(({ scope }) => scope === 'global').map(({ address }) => address)
  const health = healthOf(namespace, healthFacts(facts))
  const row: SummaryRow = {
    what: sanitise(nameOf(namespace)),
    text: addresses.slice(0, 3).join(' ') + (addresses.length > 3 ? ` +${addresses.length - 3}` : ''),
    detail: sanitise(health.reasons[0] ?? `${namespace.owner.kind} · ${namespace.links.length} links`),
    target: {
      kind: 'place',
      place: { scope: namespace.inode, view: 'summary', pane: 'view' },
      label: `to ${sanitise(nameOf(namespace))}`,
    },
  }
  return { id: `namespace ${namespace.inode}`, namespace: namespace.inode, row, object: namespace, health }
}

function namespaceItems(facts: ViewFacts): readonly Item<SummaryRow>[] {
  const [namespace] = facts.namespaces
  if (namespace === undefined) return []
  const container = facts.snapshot.containers.find((each) => each.namespace === namespace.inode)
  return [
    ...worryItems(namespace, facts),
    ...linkItems(namespace, facts),
    ...routeItems(namespace),
    ...dnsItems(namespace),
    ...containerItems(namespace, container),
    ...socketItems(namespace),
    ...hiddenItems(namespace, facts.snapshot),
  ]
}

interface Parts {
  readonly id: string
  readonly object: object
  readonly topic?: string
  readonly health?: Health
  readonly target?: Target
}

function item(
  namespace: Namespace,
  text: readonly [string, string, string],
  { id, target, ...rest }: Parts,
): Item<SummaryRow> {
  const [what, is, detail] = text.map((part) => sanitise(part))
  const row = { what: what ?? '', text: is ?? '', detail: detail ?? '', target }
  return { id: `${namespace.inode} ${id}`, namespace: namespace.inode, row, ...rest }
}

function toView(view: ViewId, row?: string): Target {
  return { kind: 'place', place: row === undefined ? { view } : { view, row }, label: `to view ${view}` }
}

function healthFacts({ deltas, doctor }: ViewFacts): HealthFacts {
  return { deltas, examination: doctor.asked.answer }
}

function worryItems(namespace: Namespace, facts: ViewFacts): readonly Item<SummaryRow>[] {
  const health = healthOf(namespace, healthFacts(facts))
  return health.reasons.map((reason, position) =>
    item(namespace, [health.mark, reason, ''], {
      id: `worry ${position}`,
      object: { reason },
      health,
      target: toView(facts.doctor.asked.answer === undefined ? 'links' : 'doctor'),
    }),
  )
}

function linkItems(namespace: Namespace, { snapshot, doctor }: ViewFacts): readonly Item<SummaryRow>[] {
  const { answer } = doctor.asked
  const found = answer === undefined ? undefined : rowHealths(answer, snapshot, 'links')
  return LINKS.rows(snapshot, [namespace]).map((row) => {
    const { object: link, wiring } = row
    const other = wiring.peerOf(link) ?? wiring.parentOf(link)
    const [kind, peer, master] = ['KIND', 'PEER', 'MASTER'].map((name) => linkCell(name, row))
    const detail = [kind, linkState(link), String(link.mtu), joined('→ ', peer), joined('▸ ', master)]
    return item(namespace, [link.name, addressText(row), detail.filter((part) => part !== '').join(' ')], {
      id: `link ${link.index}`,
      object: link,
      topic: 'link',
      health: found === undefined ? linkHealth(link, namespace) : (found.get(linkId({ namespace, link })) ?? HEALTHY),
      target:
        other === undefined
          ? toView('links', linkId({ namespace, link }))
          : toLink(other, link.peer === undefined ? 'below it' : 'the other end'),
    })
  })
}

/** Link-local addresses say nothing where there are others. */
function addressText(row: Row<Link>): string {
  const addresses = addressesOf(row)
  const wider = addresses.filter((address) => !address.startsWith('fe80:'))
  return (wider.length > 0 ? wider : addresses).join(' ')
}

function linkCell(name: string, row: Row<Link>): string {
  return LINKS.columns.find((column) => column.name === name)?.text(row) ?? ''
}

function joined(sign: string, text = ''): string {
  return text === '' ? '' : sign + text
}

function routeItems(namespace: Namespace): readonly Item<SummaryRow>[] {
  const main = namespace.routes.filter(
    ({ table, type, destination }) => table === 254 && type !== 'local' && !destination.startsWith('fe80:'),
  )
  const shown = main.slice(0, 6)
  const rest = main.length - shown.length
  const items = shown.map((route) =>
    item(namespace, ['route', routeText(route), linkNameOf(namespace, route.link)], {
      id: `route ${route.family} ${route.destination} ${route.gateway ?? ''} ${route.link ?? ''} ${route.metric ?? ''}`,
      object: route,
      topic: 'route',
      target: toView('routes'),
    }),
  )
  return rest > 0
    ? [...items, item(namespace, ['route', `${rest} more`, ''], { id: 'routes', object: {}, target: toView('routes') })]
    : items
}

function routeText({ destination, gateway, type }: Route): string {
  return `${type === 'unicast' ? '' : `${type} `}${destination}${gateway === undefined ? '' : ` via ${gateway}`}`
}

function linkNameOf({ links }: Namespace, index: number | undefined): string {
  return links.find((link) => link.index === index)?.name ?? ''
}

function dnsItems(namespace: Namespace): readonly Item<SummaryRow>[] {
  const { dns } = namespace
  if (dns === undefined) return []
  const search = dns.search.length === 0 ? '' : ` · search ${dns.search.join(' ')}`
  return [
    item(namespace, ['dns', dns.servers.join(' '), dns.path + search], {
      id: 'dns',
      object: dns,
      topic: 'dns',
      target: toView('dns'),
    }),
  ]
}

function containerItems(namespace: Namespace, container: Container | undefined): readonly Item<SummaryRow>[] {
  if (container === undefined) return []
  const networks = container.networks.map(({ network, addresses }) =>
    item(namespace, ['network', network, addresses.join(' ')], {
      id: `network ${network}`,
      object: container,
      topic: 'container',
    }),
  )
  const ports = container.ports.map(({ hostAddress, hostPort, containerPort, protocol }) =>
    item(
      namespace,
      [
        'port',
        `${formatEndpoint(hostAddress ?? '*', hostPort)} → ${containerPort}/${protocol}`,
        hostPort === undefined ? 'exposed only' : 'published',
      ],
      {
        id: `port ${hostAddress ?? ''} ${hostPort ?? ''} ${containerPort} ${protocol}`,
        object: container,
        topic: 'container',
      },
    ),
  )
  return [...networks, ...ports]
}

const MOST_SOCKETS = 12

function socketItems(namespace: Namespace): readonly Item<SummaryRow>[] {
  const listening = namespace.sockets.filter(({ state, protocol }) => state === 'LISTEN' && protocol !== 'unix')
  const items = listening.slice(0, MOST_SOCKETS).map((socket) =>
    item(namespace, ['listens', formatEndpoint(socket.local, socket.localPort), socketOwner(socket)], {
      id: `socket ${socket.protocol} ${socket.local} ${socket.localPort ?? ''} ${socket.inode}`,
      object: socket,
      topic: 'socket',
      target: toView('sockets'),
    }),
  )
  const rest = listening.length - items.length
  return rest > 0
    ? [
        ...items,
        item(namespace, ['listens', `${rest} more`, ''], { id: 'sockets', object: {}, target: toView('sockets') }),
      ]
    : items
}

function socketOwner({ protocol, processes = [] }: Socket): string {
  const [first] = processes
  return `${protocol}${first === undefined ? '' : ` ${first.command} (pid ${first.pid})`}`
}

function hiddenItems(namespace: Namespace, { hidden }: HostSnapshot): readonly Item<SummaryRow>[] {
  return hidden
    .filter(
      (each) => each.namespace === namespace.inode || (each.namespace === undefined && namespace.owner.kind === 'host'),
    )
    .map((each, position) => {
      const hint = each.hint ?? ''
      const sentence = `${each.subject}: ${each.reason}${hint === '' ? '' : ` — ${hint}`}`
      return item(namespace, ['hidden', `${each.subject}: ${each.reason}`, hint], {
        id: `hidden ${position}`,
        object: each,
        topic: 'hidden',
        health: { mark: '▲', reasons: [sentence] },
      })
    })
}
