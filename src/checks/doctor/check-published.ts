import { contains, ip as ipOf } from '../../flow/address.ts'
import { rulePlace } from '../../flow/firewall/traverse.ts'
import type { Space } from '../../flow/world.ts'
import { socketKey } from '../../model/entry-key.ts'
import type { FixStep } from '../../model/finding.ts'
import type { FirewallRule, Socket } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft, DraftFix, Evidence } from './check.ts'
import { failureDraft, predictionsOf } from './check-journeys.ts'
import { at, evidence, iptables, step } from './draft.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import { addressKey, spaceKey } from './keys.ts'
import { type PublishedRule, publishedRules } from './published-ports.ts'
import { splitRule } from './steps.ts'

function check(facts: DoctorFacts): Draft[] {
  const { world, map } = facts
  const dead = predictionsOf(facts).failures.filter(
    ({ probe, where }) => probe.kind === 'published' && where?.kind === 'socket',
  )
  const refused = new Map(dead.map((failure) => [failure.probe.rule, failure]))
  return world.spaces.flatMap((space) =>
    publishedRules(space).flatMap((published) => {
      const holder = map.heldFor(space, published.address)[0]
      if (holder === undefined) return isKnownSubnet(map, published) ? [nobodyDraft(map, published)] : []
      const failure = refused.get(published.rule)
      if (failure === undefined && !isDeaf(published, holder.space)) return []
      const journeys = failure === undefined ? [] : failureDraft(facts, [failure]).evidence.slice(1)
      return [refusedDraft(map, published, holder, journeys)]
    }),
  )
}

/** Nobody listens there, and no rule or balancer of the container leads on. */
function isDeaf({ space, protocol, targetPort, rule }: PublishedRule, holder: Space): boolean {
  const { firewall, ipvs, sockets } = holder.namespace
  if (holder === space || ipvs.length > 0 || !space.snapshot.kinds.includes('sockets')) return false
  if (firewall.some(({ chain, table }) => chain === 'PREROUTING' && (table === 'nat' || table === 'mangle')))
    return false
  const family = rule.family === 'ip6' ? 6 : 4
  return !sockets.some(
    (socket) =>
      socket.protocol === protocol &&
      socket.localPort === targetPort &&
      (protocol === 'udp' || socket.state === 'LISTEN') &&
      !(family === 4 ? socket.local.startsWith('127.') : socket.local === '::1'),
  )
}

/** Whether an address would be seen if somebody had it: it is in the subnet of a bridge of this host. */
function isKnownSubnet(map: HostMap, { space, address }: PublishedRule): boolean {
  const network = map.networks.find(
    ({ space: host, gateways }) =>
      host === space && gateways.some(({ subnet, ip }) => contains(subnet, ipOf(address)) && ip.text !== address),
  )
  return network !== undefined && !map.hasOutside(map.segments.of(network))
}

function ruleEvidence({ space, rule }: PublishedRule): Evidence {
  return { text: `-t ${rule.table} -A ${rule.chain} ${rule.text} in ${space.name}`, place: rulePlace(space, rule) }
}

function nobodyDraft(map: HostMap, published: PublishedRule): Draft {
  const { space, port, address, targetPort, protocol } = published
  const right = rightTarget(map, published)
  return {
    severity: 'error',
    title: `port ${port}/${protocol} of ${space.name} leads to ${address}:${targetPort}, which nobody has`,
    ...at(space),
    subject: `published port ${port}/${protocol} of ${space.name}`,
    evidence: [ruleEvidence(published), ...(right === undefined ? [] : [right.evidence])],
    cause:
      'The rule outlived its container, or names the wrong address: packets to the port are sent where nobody answers.',
    fix: right === undefined ? removeFix(published) : replaceFix(published, right),
    about: [spaceKey(space), addressKey(address)],
  }
}

function refusedDraft(map: HostMap, published: PublishedRule, holder: Endpoint, journeys: readonly Evidence[]): Draft {
  const { space, port, address, targetPort, protocol } = published
  const loopback = listenersOn(holder.space, protocol, targetPort).find(({ local }) => local.startsWith('127.'))
  const right = loopback === undefined ? rightTarget(map, published) : undefined
  const where = `${address}:${targetPort} of ${holder.space.name}`
  const fix =
    loopback === undefined
      ? right === undefined
        ? undefined
        : replaceFix(published, right)
      : loopbackFix(holder, published)
  return {
    severity: 'error',
    title:
      loopback === undefined
        ? `port ${port}/${protocol} of ${space.name} leads to ${where}, where nobody listens`
        : `port ${port}/${protocol} of ${space.name} leads to ${where}, which listens on ${loopback.local} alone`,
    ...at(loopback === undefined ? space : holder.space),
    subject: `published port ${port}/${protocol} of ${space.name}`,
    evidence: [
      ...(loopback === undefined ? [] : [socketEvidence(holder.space, loopback)]),
      ruleEvidence(published),
      ...(right === undefined ? [] : [right.evidence]),
      ...journeys,
    ],
    cause:
      loopback === undefined
        ? `The kernel of ${holder.space.name} answers that nobody is there: the program is not running, listens on another port, or the rule names the wrong one.`
        : `Inside a container 127.0.0.1 is the container's own loopback: what comes from the host arrives at ${address} and is refused.`,
    ...(fix === undefined ? {} : { fix }),
    about: [spaceKey(space), spaceKey(holder.space), addressKey(address)],
  }
}

function listenersOn({ namespace }: Space, protocol: string, port: number): readonly Socket[] {
  return namespace.sockets.filter(
    (socket) =>
      socket.protocol === protocol && socket.localPort === port && (protocol === 'udp' || socket.state === 'LISTEN'),
  )
}

function socketEvidence(space: Space, socket: Socket): Evidence {
  const { protocol, state, local, localPort, processes = [] } = socket
  const [owner] = processes
  const by = owner === undefined ? '' : ` (${owner.command}, pid ${owner.pid})`
  return evidence(space, 'socket', `${protocol} ${state} ${local}:${localPort}${by} in ${space.name}`, {
    entry: socketKey(socket),
  })
}

interface Target {
  readonly address: string
  readonly port: number
  readonly evidence: Evidence
}

/** Where the port should lead: to what the filter table accepts and no other rule leads to. */
function rightTarget(map: HostMap, published: PublishedRule): Target | undefined {
  const { space, rule, protocol, address, targetPort } = published
  const used = new Set(
    publishedRules(space)
      .filter((each) => each.rule !== rule)
      .map((each) => `${each.protocol} ${each.address} ${each.targetPort}`),
  )
  const accepted = space.namespace.firewall.flatMap((each) => {
    const found = /^-d ([\d.]+)\/32 .*-p (tcp|udp) .*--dport (\d+) -j ACCEPT$/.exec(each.text)
    const [, to = '', accepts = '', port = ''] = found ?? []
    const isFree = each.table === 'filter' && accepts === protocol && !used.has(`${accepts} ${to} ${port}`)
    const isOther = to !== address || Number(port) !== targetPort
    const isThere = map
      .heldFor(space, to)
      .some((holder) => listenersOn(holder.space, protocol, Number(port)).length > 0)
    if (!isFree || !isOther || !isThere) return []
    const text = `-t filter -A ${each.chain} ${each.text}: what was meant, by all appearance`
    return [{ address: to, port: Number(port), evidence: { text, place: rulePlace(space, each) } }]
  })
  if (accepted.length > 0) return accepted.length === 1 ? accepted[0] : undefined
  return onlyListener(map, published)
}

/** The one port on which the container listens for others, if it is only one. */
function onlyListener(map: HostMap, { space, protocol, address, targetPort }: PublishedRule): Target | undefined {
  const holder = map.heldFor(space, address)[0]?.space
  const listeners = (holder?.namespace.sockets ?? []).filter(
    (socket) =>
      socket.protocol === protocol &&
      (protocol === 'udp' || socket.state === 'LISTEN') &&
      !socket.local.startsWith('127.') &&
      socket.local !== '::1',
  )
  const ports = new Set(listeners.map(({ localPort }) => localPort))
  const [socket] = listeners
  if (holder === undefined || socket?.localPort === undefined || ports.size !== 1 || socket.localPort === targetPort)
    return undefined
  return { address, port: socket.localPort, evidence: socketEvidence(holder, socket) }
}

function replaceFix({ space, rule, protocol, address, targetPort }: PublishedRule, right: Target): DraftFix {
  const [old, better] = [`${address}:${targetPort}`, `${right.address}:${right.port}`]
  const accepts = space.namespace.firewall.filter(
    ({ table, text }) =>
      table === 'filter' &&
      right.address === address &&
      text.startsWith(`-d ${address}/32 `) &&
      text.includes(`-p ${protocol} `) &&
      text.endsWith(`--dport ${targetPort} -j ACCEPT`),
  )
  return {
    steps: [
      replaceStep(space, rule, rule.text.replace(old, better)),
      ...accepts.map((each) =>
        replaceStep(space, each, each.text.replace(`--dport ${targetPort} `, `--dport ${right.port} `)),
      ),
    ],
    summary: `lets it lead to ${better}`,
  }
}

function replaceStep(space: Space, rule: FirewallRule, better: string): FixStep {
  const words = (text: string) => [
    iptables(rule),
    '-t',
    rule.table,
    '-R',
    rule.chain,
    String(rule.position),
    ...splitRule(text),
  ]
  return step(space, words(better), words(rule.text))
}

function removeFix({ space, rule }: PublishedRule): DraftFix {
  if (rule.syntax === 'nft') {
    return {
      steps: [
        step(space, ['nft', 'delete', 'rule', rule.family, rule.table, rule.chain, 'handle', String(rule.handle ?? 0)]),
      ],
      summary: 'removes the rule',
    }
  }
  const tool = [iptables(rule), '-t', rule.table]
  return {
    steps: [
      step(
        space,
        [...tool, '-D', rule.chain, String(rule.position)],
        [...tool, '-I', rule.chain, String(rule.position), ...splitRule(rule.text)],
      ),
    ],
    summary: 'removes the rule',
  }
}

/** A stopgap until the program listens on all addresses. */
function loopbackFix({ space, link }: Endpoint, { rule, protocol, targetPort }: PublishedRule): DraftFix {
  const sysctl = `net.ipv4.conf.${link.name.replaceAll('.', '/')}.route_localnet`
  const words = (verb: string) => [
    iptables({ ...rule, family: 'ip' }),
    '-t',
    'nat',
    verb,
    'PREROUTING',
    '-p',
    protocol,
    '-m',
    protocol,
    '--dport',
    String(targetPort),
    '-j',
    'DNAT',
    '--to-destination',
    `127.0.0.1:${targetPort}`,
  ]
  const old = space.namespace.sysctls[sysctl] ?? '0'
  return {
    steps: [
      step(space, ['sysctl', '-w', `${sysctl}=1`], ['sysctl', '-w', `${sysctl}=${old}`]),
      step(space, words('-A'), words('-D')),
    ],
    summary: 'sends what comes in on to the loopback of the container',
    warning: 'a stopgap: let the program listen on 0.0.0.0 instead',
  }
}

export const PUBLISHED_PORT_UNREACHABLE: Check = {
  id: 'published-port-unreachable',
  title: 'a published port leads to nobody',
  needs: ['links', 'addrs', 'routes', 'firewall', 'sockets'],
  explains: [
    'unreachable-published',
    'unreachable-neighbour',
    'unreachable-subnet',
    'hairpin-off',
    'forward-policy-drop',
  ],
  explanation: {
    symptom: '"Connection refused", or no answer at all, on a published port, while the container is running.',
    why: 'The DNAT rule of the port leads to an address that nobody has, to a port that nobody listens on, or to a program that listens on 127.0.0.1 of its container alone.',
    see: ['iptables -t nat -S | grep DNAT', 'docker port CONTAINER', 'tsnet-shoot enter CONTAINER -- ss -ltnp'],
    fix: 'Let the program listen on 0.0.0.0, publish the port that it listens on, or restart the container so that its rules are made anew.',
    intended: 'A program that is still starting.',
  },
  check,
}
