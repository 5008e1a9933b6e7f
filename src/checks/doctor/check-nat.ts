import { rulePlace } from '../../flow/firewall/traverse.ts'
import type { Space } from '../../flow/world.ts'
import type { FixStep } from '../../model/finding.ts'
import type { FirewallRule, PublishedPort } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft, Evidence } from './check.ts'
import { at, evidence, iptables, linkText, some, step } from './draft.ts'
import type { BridgeNetwork, Endpoint, HostMap } from './host-map.ts'
import { linkKey, spaceKey } from './keys.ts'
import { type PublishedRule, publishedRules } from './published-ports.ts'
import { masqueradeOf, subnetText } from './routes.ts'

/** What is missing of an engine's rules in the nat table. */
interface Missing {
  readonly space: Space
  /** A rule of the engine in the filter table: it tells the tool and that the engine was here. */
  readonly sign: FirewallRule
  readonly jump: boolean
  readonly networks: readonly { readonly network: BridgeNetwork; readonly gateway: Endpoint }[]
  readonly ports: readonly AcceptedPort[]
  /** Also those that a proxy serves for now. */
  readonly unled: readonly AcceptedPort[]
}

interface AcceptedPort {
  readonly rule: FirewallRule
  readonly address: string
  readonly protocol: string
  readonly port: number
}

function check({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const missing = missingIn(map, space)
    return missing === undefined ? [] : [flushedDraft(missing)]
  })
}

function missingIn(map: HostMap, space: Space): Missing | undefined {
  const { firewall } = space.namespace
  const inFilter = firewall.filter(
    ({ table, syntax, family }) => table === 'filter' && syntax === 'iptables' && family === 'ip',
  )
  // an internal network has no such rule, and needs nothing in nat
  const sign = inFilter.find(
    ({ text, chain }) => /^-o \S+ -j DOCKER$/.test(text) && (chain === 'FORWARD' || chain === 'DOCKER-BRIDGE'),
  )
  if (sign === undefined) return undefined
  const nat = firewall.filter(({ table, family }) => table === 'nat' && family === 'ip')
  const jump = !nat.some(({ chain, text }) => chain === 'PREROUTING' && /-j DOCKER$/.test(text))
  const networks = map.networks
    .filter((network) => network.space === space)
    .flatMap((network) => {
      const gateway = network.gateways.find(({ ip }) => ip.family === 4)
      return gateway !== undefined && lacksMasquerade({ space, network, gateway, jump, nat, inFilter })
        ? [{ network, gateway }]
        : []
    })
  const unled = unledPorts(space, inFilter)
  const ports = unservedPorts(space, unled)
  const isMissing = jump || networks.length > 0 || ports.length > 0
  return isMissing ? { space, sign, jump, networks, ports, unled } : undefined
}

function lacksMasquerade({
  space,
  network,
  gateway,
  jump,
  nat,
  inFilter,
}: {
  readonly space: Space
  readonly network: BridgeNetwork
  readonly gateway: Endpoint
  readonly jump: boolean
  readonly nat: readonly FirewallRule[]
  readonly inFilter: readonly FirewallRule[]
}): boolean {
  const { name } = network.link
  if (masqueradeOf(space, subnetText(gateway)) !== undefined) return false
  const known = space.snapshot.networks.find(({ bridge }) => bridge === name)
  if (known !== undefined && space.namespace.owner.kind === 'host') return isMasqueraded(known)
  // the engine lets containers past DNAT only where it masquerades
  const isReturned = nat.some(({ chain, text }) => chain === 'DOCKER' && text === `-i ${name} -j RETURN`)
  return isReturned || (jump && inFilter.some(({ text }) => text === `-o ${name} -j DOCKER`))
}

function isMasqueraded({
  driver,
  internal,
  options,
}: {
  readonly driver: string
  readonly internal: boolean
  readonly options: Readonly<Record<string, string>>
}): boolean {
  if (driver !== 'bridge' || internal) return false
  if (options['com.docker.network.bridge.enable_ip_masquerade'] === 'false') return false
  return (options['com.docker.network.bridge.gateway_mode_ipv4'] ?? 'nat').startsWith('nat')
}

/** This is about the tables of IPv4: a port of IPv6 is led by other ones. */
function ledPorts(space: Space): PublishedRule[] {
  return publishedRules(space).filter(({ address }) => !address.includes(':'))
}

const ACCEPTED = /^-d ([\d.]+)\/32 ! -i \S+ -o \S+ -p (tcp|udp) .*--dport (\d+) -j ACCEPT$/

/** Ports that the filter table lets through and no rule leads to. */
function unledPorts(space: Space, inFilter: readonly FirewallRule[]): AcceptedPort[] {
  const led = ledPorts(space)
  const accepted = inFilter.flatMap((rule) => {
    const [, address, protocol = '', port] = (rule.chain === 'DOCKER' ? ACCEPTED.exec(rule.text) : undefined) ?? []
    return address === undefined ? [] : [{ rule, address, protocol, port: Number(port) }]
  })
  const isAccepted = (each: PublishedRule) =>
    accepted.some(
      ({ protocol, address, port }) =>
        protocol === each.protocol && address === each.address && port === each.targetPort,
    )
  const isLed = ({ protocol, address, port }: AcceptedPort) =>
    // one that leads to a wrong address is another finding
    led.some((each) => each.protocol === protocol && each.targetPort === port && !isAccepted(each)) ||
    led.some((each) => each.protocol === protocol && each.address === address && each.targetPort === port)
  return accepted.filter((each) => !isLed(each))
}

/** Those of them that no proxy listens for either. */
function unservedPorts(space: Space, left: readonly AcceptedPort[]): AcceptedPort[] {
  const led = ledPorts(space)
  const { sockets } = space.namespace
  return ['tcp', 'udp'].flatMap((protocol) => {
    const own = left.filter((each) => each.protocol === protocol)
    const taken = new Set(led.filter((each) => each.protocol === protocol).map(({ port }) => port))
    const proxies = sockets.filter(
      (each) =>
        each.protocol === protocol &&
        (each.state === 'LISTEN' || protocol === 'udp') &&
        !taken.has(each.localPort ?? 0) &&
        isProxy(each.processes),
    )
    return proxies.length >= own.length ? [] : own
  })
}

function isProxy(processes: readonly { readonly command: string }[] = []): boolean {
  return processes.some(({ command }) => command === 'docker-proxy' || command === 'node')
}

function flushedDraft(missing: Missing): Draft {
  const { space, sign, jump, networks, ports } = missing
  return {
    severity: isCertain(missing) ? 'error' : 'info',
    title: jump
      ? `the nat rules of the engine are gone in ${space.name}: no way out, and no published port`
      : networks.length > 0
        ? `nothing masquerades ${some(networks.map(({ gateway }) => subnetText(gateway)))} in ${space.name}`
        : `no rule leads to ${some(ports.map(portText))} in ${space.name}`,
    ...at(space),
    subject: `nat table of ${space.name}`,
    evidence: evidenceOf(missing),
    cause:
      'The filter table still has the rules of the engine, so the networks are there; the nat table was flushed, by `iptables -t nat -F`, another firewall that was started again, or a restore of saved rules. Containers send with their own addresses then, to which nobody outside has a route.',
    fix: {
      steps: stepsFor(missing, iptables(sign)),
      summary: jump ? 'puts the rules back that can be told from the others' : 'puts the rules back',
      warning: 'restarting the engine puts all of its rules back, those of published ports too',
    },
    about: [
      spaceKey(space),
      ...networks.flatMap(({ network }) => [linkKey(network), ...network.members.map((each) => spaceKey(each.space))]),
    ],
  }
}

/** A rule that lets a port through may also be what a removed container left. */
function isCertain({ space, jump, networks, ports }: Missing): boolean {
  if (jump || networks.length > 0) return true
  return ledPorts(space).length === 0 || ports.some((port) => engineSays(space, port).length > 0)
}

function portText({ address, port, protocol }: AcceptedPort): string {
  return `${address}:${port}/${protocol}`
}

function evidenceOf({ space, sign, jump, networks, ports }: Missing): Evidence[] {
  return [
    ...(jump ? [evidence(space, 'kernel', `nat PREROUTING of ${space.name} has no jump to DOCKER`)] : []),
    ...networks.map(({ network, gateway }) =>
      evidence(space, 'link', `no rule of nat POSTROUTING masquerades ${subnetText(gateway)} of ${linkText(network)}`, {
        link: network.link.name,
      }),
    ),
    ...ports.map((port) => ({
      text: `-A ${port.rule.chain} ${port.rule.text}, and no DNAT to ${portText(port)}`,
      place: rulePlace(space, port.rule),
    })),
    { text: `-A ${sign.chain} ${sign.text} is still there`, place: rulePlace(space, sign) },
  ]
}

function stepsFor({ space, jump, networks, unled }: Missing, tool: string): FixStep[] {
  const add = (chain: string, ...rest: readonly string[]) =>
    step(space, [tool, '-t', 'nat', '-A', chain, ...rest], [tool, '-t', 'nat', '-D', chain, ...rest])
  const hasChain = space.namespace.chains.some(
    ({ table, chain, family }) => table === 'nat' && chain === 'DOCKER' && family === 'ip',
  )
  const local = ['-m', 'addrtype', '--dst-type', 'LOCAL', '-j', 'DOCKER']
  return [
    ...(jump && !hasChain
      ? [step(space, [tool, '-t', 'nat', '-N', 'DOCKER'], [tool, '-t', 'nat', '-X', 'DOCKER'])]
      : []),
    ...(jump ? [add('PREROUTING', ...local), add('OUTPUT', '!', '-d', '127.0.0.0/8', ...local)] : []),
    ...networks.map(({ network, gateway }) =>
      add('POSTROUTING', '-s', subnetText(gateway), '!', '-o', network.link.name, '-j', 'MASQUERADE'),
    ),
    ...(jump ? networks.map(({ network }) => add('DOCKER', '-i', network.link.name, '-j', 'RETURN')) : []),
    ...unled.flatMap((port) => {
      const bridge = /-o (\S+)/.exec(port.rule.text)?.[1] ?? ''
      return hostPortsOf(space, port).map(({ hostPort = 0, hostAddress }) =>
        add(
          'DOCKER',
          ...(hostAddress === undefined || hostAddress === '0.0.0.0' ? [] : ['-d', hostAddress]),
          '!',
          '-i',
          bridge,
          '-p',
          port.protocol,
          '-m',
          port.protocol,
          '--dport',
          String(hostPort),
          '-j',
          'DNAT',
          '--to-destination',
          `${port.address}:${port.port}`,
        ),
      )
    }),
  ]
}

type HostPort = Pick<PublishedPort, 'hostPort' | 'hostAddress'>

/** Where the host publishes it: as the engine says, or as connections that are still tracked show. */
function hostPortsOf(space: Space, port: AcceptedPort): readonly HostPort[] {
  const said = engineSays(space, port)
  return said.length > 0 ? said : seenPorts(space, port)
}

function engineSays({ snapshot }: Space, { address, protocol, port }: AcceptedPort): readonly HostPort[] {
  const container = snapshot.containers.find(({ networks }) =>
    networks.some(({ addresses }) => addresses.some((each) => each.split('/')[0] === address)),
  )
  return (container?.ports ?? []).filter(
    (each) =>
      each.protocol === protocol &&
      each.containerPort === port &&
      each.hostPort !== undefined &&
      !(each.hostAddress ?? '').includes(':'),
  )
}

function seenPorts(space: Space, { address, protocol, port }: AcceptedPort): readonly HostPort[] {
  const seen = space.world
    .connectionsOf(space)
    .filter(
      ({ protocol: its, original, reply }) =>
        its === protocol && reply.source === address && reply.sourcePort === port && original.destination !== address,
    )
  return [...new Set(seen.map(({ original }) => original.destinationPort))].map((hostPort = 0) => ({ hostPort }))
}

export const NAT_RULES_FLUSHED: Check = {
  id: 'nat-rules-flushed',
  title: 'the nat rules of an engine are gone',
  needs: ['links', 'addrs', 'firewall', 'sockets'],
  explains: [
    'published-port-unreachable',
    'hairpin-off',
    'unreachable-outside',
    'unreachable-published',
    'unreachable-subnet',
    'default-route-wrong',
    'ingress-rules-missing',
  ],
  explanation: {
    symptom:
      'Published ports are dead (or only the userland proxy answers, with the wrong source address), and containers have no way out; containers of one network still talk.',
    why: 'An engine writes its rules once, when a network or a container starts. Whatever flushes or restores the nat table afterwards takes them away.',
    see: ['iptables -t nat -S', 'iptables -S FORWARD', 'journalctl -u firewalld -u nftables -u ufw'],
    fix: 'Restart the engine (containers keep running with live-restore), and start the firewall before it in future.',
    intended: 'An engine with --iptables=false has no rules in the filter table either, and nothing is said.',
  },
  check,
}
