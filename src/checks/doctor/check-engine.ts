import { rulePlace } from '../../flow/firewall/traverse.ts'
import { placeIn, type Space } from '../../flow/world.ts'
import { connectionKey } from '../../model/entry-key.ts'
import type { Container, ContainerEndpoint, FirewallChain, Namespace, Network } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, evidence, some, step, sysctlEvidence, sysctlStep } from './draft.ts'
import { addressKey, linkKey, spaceKey } from './keys.ts'

/** What an engine says of its containers and networks, against what the kernel has. */
function checkEngine({ world, snapshots }: DoctorFacts): Draft[] {
  return snapshots.flatMap((snapshot, host) => {
    const spaces = world.spaces.filter((space) => space.host === host)
    const main = spaces.find(({ namespace }) => namespace.owner.kind === 'host')
    return [
      ...snapshot.containers.flatMap((container) => {
        const space = spaces.find(({ namespace }) => namespace.inode === container.namespace)
        return space === undefined || container.state !== 'running' || space === main
          ? []
          : endpointDrafts(space, container)
      }),
      ...(main === undefined ? [] : snapshot.networks.flatMap((network) => networkDrafts(main, network))),
    ]
  })
}

function endpointDrafts(space: Space, container: Container): Draft[] {
  // a container of another one's namespace has the addresses of that one
  if (container.networkMode?.startsWith('container:') === true || container.networkMode === 'host') return []
  return container.networks.flatMap((endpoint) => {
    const said = endpoint.addresses.map((each) => each.split('/')[0] ?? '').filter((each) => each.includes('.'))
    return said.flatMap((address) => endpointDraft(space, container, { endpoint, address }))
  })
}

function endpointDraft(
  space: Space,
  { name }: Container,
  { endpoint, address }: { readonly endpoint: ContainerEndpoint; readonly address: string },
): Draft[] {
  const { addresses, links } = space.namespace
  const held = addresses.find((each) => each.address.startsWith(`${address}/`))
  const link = links.find(({ index }) => index === held?.link)
  const isSame =
    held !== undefined &&
    (endpoint.mac === undefined || endpoint.mac === '' || link?.mac === endpoint.mac.toLowerCase())
  if (isSame) return []
  const has =
    held === undefined ? `has ${some(ownAddresses(space.namespace)) || 'no address'}` : `has it with MAC ${link?.mac}`
  return [
    {
      severity: held === undefined ? 'error' : 'warning',
      title: `the engine says that ${name} is ${address}${held === undefined ? '' : ` (${endpoint.mac})`} on ${endpoint.network}, and it ${has}`,
      ...at(space),
      subject: `${endpoint.network} of ${name}`,
      evidence: [
        evidence(
          space,
          'snapshot',
          `engine: ${name} on ${endpoint.network}: ${address}, MAC ${endpoint.mac ?? 'not told'}`,
        ),
        evidence(
          space,
          'link',
          `kernel: ${some(
            addresses.map((each) => each.address),
            6,
          )}`,
        ),
      ],
      cause:
        'Names resolve to what the engine says, and its rules lead there. Something in the container changed the address, or the interface is gone.',
      about: [spaceKey(space), addressKey(address)],
    },
  ]
}

function ownAddresses({ addresses }: Namespace): string[] {
  return addresses
    .filter(({ scope, address }) => scope === 'global' && !address.includes(':'))
    .map(({ address }) => address)
}

function networkDrafts(host: Space, network: Network): Draft[] {
  const { bridge, driver, name, subnets } = network
  if (driver !== 'bridge' || bridge === undefined || network.engine !== 'docker') return []
  const link = host.namespace.links.find((each) => each.name === bridge)
  if (link === undefined) {
    return [
      {
        severity: 'error',
        title: `the bridge ${bridge} of the network ${name} is gone`,
        ...at(host),
        subject: `network ${name}`,
        evidence: [
          evidence(
            host,
            'snapshot',
            `engine: network ${name}, bridge ${bridge}, ${some(subnets.map(({ subnet }) => subnet))}`,
          ),
          { text: `no link ${bridge} in ${host.name}` },
        ],
        cause: 'Somebody deleted it: containers of the network are cut off, and new ones do not start.',
        about: [spaceKey(host), `network ${name}`],
      },
    ]
  }
  const gateway = subnets.find(({ gateway: its }) => its?.includes('.') === true)
  const own = host.namespace.addresses.filter((each) => each.link === link.index).map(({ address }) => address)
  const isInhibited = network.options['com.docker.network.bridge.inhibit_ipv4'] === 'true'
  if (gateway?.gateway === undefined || isInhibited || own.some((each) => each.startsWith(`${gateway.gateway}/`)))
    return []
  const address = `${gateway.gateway}/${gateway.subnet.split('/')[1] ?? '24'}`
  const words = (verb: string) => ['ip', 'address', verb, address, 'dev', bridge]
  return [
    {
      severity: 'error',
      title: `${bridge} lacks ${gateway.gateway}, the gateway of the network ${name}`,
      ...at(host),
      subject: `network ${name}`,
      evidence: [
        evidence(host, 'link', `${bridge} of ${host.name} has ${some(own) || 'no address'}`, { link: bridge }),
        evidence(host, 'snapshot', `engine: gateway ${gateway.gateway} of ${gateway.subnet}`),
      ],
      cause: 'The containers of the network have their default route to an address that nobody holds.',
      fix: { steps: [step(host, words('add'), words('del'))], summary: 'gives it back' },
      about: [spaceKey(host), linkKey({ space: host, link })],
    },
  ]
}

function checkBackends({ world }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const { firewall } = space.namespace
    const rules = (backend: string) =>
      firewall.filter((rule) => rule.backend === backend && rule.syntax === 'iptables' && rule.table === 'filter')
    const [legacy, nft] = [rules('legacy'), rules('nft')]
    const drops = dropping(space.namespace)
    // two sets of rules are no contradiction as long as neither refuses what the other lets through
    if (legacy.length === 0 || nft.length === 0 || drops.length === 0) return []
    const [example] = drops[0]?.backend === 'legacy' ? nft : legacy
    return [
      {
        id: 'mixed-iptables',
        severity: 'warning',
        title: `${space.name} has rules of both iptables-legacy and iptables-nft: each packet must pass both`,
        ...at(space),
        subject: `iptables of ${space.name}`,
        evidence: [
          ...drops.map((chain) => ({
            text: `-P ${chain.chain} ${chain.policy} (${chain.backend}) in ${space.name}`,
            place: placeIn(space, 'policy', `policy ${chain.policy} of ${chain.chain}`, chainPlace(chain)),
          })),
          ...(example === undefined
            ? []
            : [{ text: `-A ${example.chain} ${example.text} (${example.backend})`, place: rulePlace(space, example) }]),
          { text: `${legacy.length} rules of iptables-legacy, ${nft.length} of iptables-nft, in table filter` },
        ],
        cause:
          'What one accepts the other may drop, and `iptables -S` shows one of them alone. An engine and a firewall that use different tools leave a host so.',
        about: [spaceKey(space)],
      },
    ]
  })
}

function chainPlace({ backend, family, table, chain }: FirewallChain) {
  return { backend, family, table, chain }
}

function dropping({ chains }: Namespace): readonly FirewallChain[] {
  return chains.filter(
    ({ policy, hook, table, family, chain }) =>
      policy === 'DROP' && hook === 'forward' && table === 'filter' && family === 'ip' && chain === 'FORWARD',
  )
}

function checkBridgeFilter({ world }: DoctorFacts): Draft[] {
  const name = 'net.bridge.bridge-nf-call-iptables'
  return world.spaces.flatMap((space) => {
    if (space.namespace.sysctls[name] !== '0') return []
    const rule = space.namespace.firewall.find(({ table, text, syntax }) => {
      const [, from, to] = /^-i (\S+) -o (\S+) -j DROP$/.exec(text) ?? []
      return table === 'filter' && syntax === 'iptables' && from !== undefined && from === to && isBridge(space, from)
    })
    if (rule === undefined) return []
    return [
      {
        id: 'bridge-filter-off',
        severity: 'warning',
        title: `${space.name} has rules that keep containers of one bridge apart, and the bridge does not ask them`,
        ...at(space),
        subject: `${name} of ${space.name}`,
        evidence: [
          sysctlEvidence(space, name),
          { text: `-A ${rule.chain} ${rule.text} in ${space.name}`, place: rulePlace(space, rule) },
        ],
        cause:
          'The sysctl is 0, so frames between two ports of a bridge do not pass iptables: the rule never sees them, and the containers can talk although enable_icc is false.',
        fix: { steps: [sysctlStep(space, name, '1')], summary: 'lets bridged frames pass iptables' },
        about: [spaceKey(space)],
      },
    ]
  })
}

function isBridge({ namespace }: Space, name: string): boolean {
  const bridge = namespace.links.find((link) => link.name === name && link.kind === 'bridge')
  if (bridge === undefined || bridge.bridge?.nfCallIptables === true) return false
  return namespace.links.filter(({ master }) => master === bridge.index).length > 1
}

/** Connections that are still translated to an address that nobody has any more. */
function checkConnections({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const stale = world.connectionsOf(space).filter(({ original, reply, protocol, state, status }) => {
      const isTranslated = original.destination !== reply.source && !status.includes('DYING')
      // TCP that was closed waits for its end by itself
      const isLive = protocol === 'udp' || state === 'ESTABLISHED' || state === 'SYN_SENT'
      return isTranslated && isLive && isGone(reply.source)
    })
    function isGone(address: string): boolean {
      if (map.holders(address).length > 0) return false
      const network = map.networks.find(
        (each) =>
          each.space === space &&
          each.gateways.some(({ subnet, ip }) => ip.text !== address && map.isIn(subnet, address)),
      )
      return network !== undefined && !map.hasOutside(map.segments.of(network))
    }
    const [first] = stale
    if (first === undefined) return []
    const { original, reply, protocol } = first
    const words = ['conntrack', '-D', '-p', protocol, '--reply-src', reply.source]
    return [
      {
        id: 'conntrack-stale',
        severity: 'warning',
        title: `${stale.length} tracked connection${stale.length === 1 ? '' : 's'} of ${space.name} still lead to ${reply.source}, which nobody has`,
        ...at(space),
        subject: `connections of ${space.name}`,
        evidence: stale
          .slice(0, 3)
          .map((each) =>
            evidence(
              space,
              'conntrack',
              `${each.protocol} ${each.original.source}:${each.original.sourcePort ?? ''} → ${each.original.destination}:${each.original.destinationPort ?? ''} answered by ${each.reply.source}:${each.reply.sourcePort ?? ''} ${each.status.join(' ')}`,
              { entry: connectionKey(each) },
            ),
          ),
        cause: `NAT is decided once per connection. Whoever keeps sending from ${original.source}, as a UDP client with a fixed port does, is still led to the container that is gone, and never to its successor.`,
        fix: {
          steps: [step(space, words)],
          summary: 'forgets these connections; the next packet starts a new one',
          warning: 'nothing brings them back, and nothing has to',
        },
        about: [spaceKey(space), addressKey(reply.source)],
      },
    ]
  })
}

export const ENGINE_MISMATCH: Check = {
  id: 'engine-mismatch',
  title: 'an engine and the kernel do not agree on a network or an endpoint',
  needs: ['links', 'addrs'],
  explains: ['unreachable-outside', 'unreachable-neighbour', 'published-port-unreachable', 'default-route-wrong'],
  explanation: {
    symptom:
      '`docker inspect` shows an address that does not answer; a container cannot be started or reached though the engine is content.',
    why: 'The engine keeps its own records and does not look again. Whatever changes addresses, MACs or bridges behind its back makes the two differ.',
    see: ['docker network inspect NETWORK', 'tsnet-shoot show addrs -n CONTAINER', 'ip link show BRIDGE'],
    fix: 'Connect the container anew (docker network disconnect, connect), or restart the engine.',
    intended: 'A container with NET_ADMIN that manages its own addresses.',
  },
  check: checkEngine,
}

export const MIXED_IPTABLES: Check = {
  id: 'mixed-iptables',
  title: 'rules of both back ends of iptables, one of which drops by default',
  needs: ['firewall'],
  explanation: {
    symptom: '`iptables -S` looks right, and packets are dropped all the same.',
    why: 'iptables-legacy and iptables-nft keep separate rules in the kernel, and every packet passes both.',
    see: ['iptables-legacy-save', 'iptables-nft-save', 'update-alternatives --display iptables'],
    fix: 'Decide for one, move all programs to it, and flush the other: iptables-legacy -F; iptables-legacy -P FORWARD ACCEPT.',
    intended: 'Never for long.',
  },
  check: checkBackends,
}

export const BRIDGE_FILTER_OFF: Check = {
  id: 'bridge-filter-off',
  title: 'rules for frames inside a bridge are never asked',
  needs: ['links', 'firewall', 'sysctl'],
  explanation: {
    symptom: 'Containers of a network with enable_icc=false can talk to each other.',
    why: 'Frames that only cross a bridge pass iptables only while net.bridge.bridge-nf-call-iptables is 1. Kubernetes tutorials set it to 1, hardening and hypervisor guides to 0.',
    see: ['sysctl net.bridge.bridge-nf-call-iptables', 'iptables -S | grep DROP'],
    fix: 'Set it to 1, and write it to /etc/sysctl.d.',
    intended: 'Then the rule is of no use, and should go.',
  },
  check: checkBridgeFilter,
}

export const CONNTRACK_STALE: Check = {
  id: 'conntrack-stale',
  title: 'tracked connections lead to a container that is gone',
  needs: ['links', 'addrs'],
  explanation: {
    symptom:
      'After a container was replaced its UDP clients (DNS, syslog, VoIP) reach nothing, and new clients reach the new one.',
    why: 'The translation of a connection is kept as long as packets come. A client that never stops keeps the entry alive that leads to the address of the former container.',
    see: ['conntrack -L -p udp', 'tsnet-shoot show conntrack'],
    fix: 'conntrack -D --reply-src OLD-ADDRESS.',
    intended: 'Never.',
  },
  check: checkConnections,
}
