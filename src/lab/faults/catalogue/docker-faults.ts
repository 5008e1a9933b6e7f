import type { FirewallRule } from '../../../model/snapshot.ts'
import { objectsOf } from '../../resolve/lab-object.ts'
import { command, type Fault, type FaultPlan, http, type Probe } from '../fault.ts'
import type { LabFacts } from '../lab-facts.ts'
import { bridgeMembers, outboundMembers, outboundProbe, type Published, publishedPorts } from '../members.ts'
import { freeAddress } from './cable-faults.ts'

export const NAT_RULES_FLUSHED: Fault = {
  id: 'nat-rules-flushed',
  summary: 'somebody has emptied the nat table of a host',
  find: (facts) =>
    objectsOf(facts.lab, 'host').flatMap(({ name: host }): readonly FaultPlan[] => {
      const member = outboundMembers(facts).find((each) => each.host === host)
      const published = publishedPorts(facts).find((each) => each.member.host === host)
      if (member === undefined) return []
      // a proxy of the host goes on with what it is asked for
      const isProxied = objectsOf(facts.lab, 'host').some(({ name, docker }) => name === host && docker.userlandProxy)
      const probes = [isProxied ? undefined : published?.probe, outsideProbe(facts, host)].filter(
        (probe) => probe !== undefined,
      )
      return [
        {
          target: host,
          symptom: `the published ports of ${host} are dead, and its containers do not get out`,
          steps: [command(host, 'iptables', '-t', 'nat', '-F')],
          expected: { places: [host], mentions: ['POSTROUTING'] },
          probes,
        },
      ]
    }),
}

/** From a container to a machine that has no way back but to the host's own address. */
function outsideProbe(facts: LabFacts, host: string): Probe | undefined {
  const member = outboundMembers(facts).find((each) => each.host === host)
  return member === undefined ? undefined : outboundProbe(facts, member)
}

/** A rule with another destination in its place. */
function translateTo(rule: FirewallRule, host: string, destination: string) {
  const words = rule.text.split(' ').slice(0, -1)
  return command(host, 'iptables', '-t', 'nat', '-R', rule.chain, String(rule.position), ...words, destination)
}

export const PUBLISHED_TO_NOBODY: Fault = {
  id: 'published-port-unreachable',
  summary: 'a published port leads to an address that no container has any more',
  find: (facts) =>
    publishedPorts(facts).map(({ rule, member, hostPort, port, client, probe }) => {
      const address = freeAddress(facts, member)
      return {
        target: `${member.container}:${hostPort}`,
        symptom: `${client.node} gets no answer from port ${hostPort} of ${member.host}`,
        steps: [translateTo(rule, member.host, `${address}:${port}`)],
        expected: { places: [member.host], mentions: [`${address}:${port}`] },
        probes: [probe],
      }
    }),
}

export const PUBLISHED_TO_NO_LISTENER: Fault = {
  id: 'published-port-unreachable',
  way: 'port',
  summary: 'a published port leads to a port of a container on which nothing listens',
  find: (facts) =>
    publishedPorts(facts).map((published) => {
      const { rule, member, hostPort, port, client, probe } = published
      const wrong = `${member.address}:${port + 1}`
      return {
        target: `${member.container}:${hostPort}`,
        symptom: `${client.node} is refused by port ${hostPort} of ${member.host}`,
        steps: [translateTo(rule, member.host, wrong), ...acceptedToo(facts, published)],
        expected: { places: [member.host, member.container], mentions: [wrong] },
        probes: [probe],
      }
    }),
}

/** Those that serve nothing but pages begin anew without a loss. */
const CAN_MOVE = ['http', 'web']

export const PUBLISHED_TO_LOOPBACK: Fault = {
  id: 'published-port-unreachable',
  way: 'loopback',
  summary: 'the program behind a published port listens on the loopback of its container alone',
  find: (facts) => {
    const movable = objectsOf(facts.lab, 'workload').filter(({ workload }) => CAN_MOVE.includes(workload.kind))
    return publishedPorts(facts)
      .filter(({ member }) => movable.some(({ container }) => container === member.container))
      .map(({ member, hostPort, port, client, probe }) => ({
        target: `${member.container}:${hostPort}`,
        symptom: `${client.node} is refused by port ${hostPort} of ${member.host}`,
        steps: [{ place: member.container, listen: LOOPBACK }],
        expected: { places: [member.container], mentions: [`LISTEN ${LOOPBACK}:${port}`] },
        probes: [probe],
      }))
  },
}

const LOOPBACK = '127.0.0.1'

/** Docker accepts what it translates, and nothing else. */
function acceptedToo({ places }: LabFacts, { member, port }: Published) {
  const rules = places.get(member.host)?.firewall ?? []
  const accept = rules.find(
    ({ table, chain, text, syntax }) =>
      table === 'filter' &&
      chain === 'DOCKER' &&
      syntax === 'iptables' &&
      text.includes(`-d ${member.address}/32 `) &&
      text.includes(`--dport ${port} `),
  )
  if (accept === undefined) return []
  const words = accept.text.replace(`--dport ${port} `, `--dport ${port + 1} `).split(' ')
  return [command(member.host, 'iptables', '-R', 'DOCKER', String(accept.position), ...words)]
}

export const ISOLATION_DROP: Fault = {
  id: 'isolation-drop',
  summary: 'a container talks to one of another network',
  find: (facts) => {
    const members = bridgeMembers(facts)
    return members.flatMap((from): readonly FaultPlan[] => {
      const own = new Set(members.filter(({ container }) => container === from.container).map(({ network }) => network))
      const to = members.find(({ network, host }) => host === from.host && !own.has(network) && !network.internal)
      const isOut = outboundMembers(facts).some(({ container }) => container === from.container)
      if (to === undefined || from.network.internal || !isOut) return []
      return [
        {
          target: from.container,
          symptom: `${from.container} does not reach ${to.container}, which is on the same host`,
          steps: [{ ...command(from.container, ...'ping -c 2 -i 0.2 -W 1'.split(' '), to.address), mayFail: true }],
          around: [from.host],
          expected: { places: [from.host], mentions: ['DROP', to.bridge.name] },
          probes: [],
          byDesign: true,
          countersTell: true,
        },
      ]
    })
  },
}

export const HAIRPIN_OFF: Fault = {
  id: 'hairpin-off',
  summary: 'a port of a bridge gives nothing back where it came from, and no proxy helps',
  find: (facts) => {
    const hosts = new Map(objectsOf(facts.lab, 'host').map(({ name, docker }) => [name, docker]))
    return publishedPorts(facts)
      .filter(({ member }) => hosts.get(member.host)?.userlandProxy === false && member.port.port?.hairpin === true)
      .map(({ member, hostPort, client }) => ({
        target: member.container,
        symptom: `${member.container} does not reach itself by its published port, and ${client.node} does`,
        steps: [command(member.host, 'bridge', 'link', 'set', 'dev', member.port.name, 'hairpin', 'off')],
        expected: { places: [member.host], mentions: [member.port.name, 'hairpin'] },
        probes: [http(member.container, `http://${client.own}:${hostPort}/`)],
      }))
  },
}

interface NamedPair {
  readonly container: string
  readonly name: string
}

/** A container with a name server of Docker's and another one that it knows by name. */
function namedPairs(facts: LabFacts): readonly NamedPair[] {
  const members = bridgeMembers(facts).filter(({ network }) => network.dns)
  return members.flatMap(({ container, network }) => {
    const other = members.find((each) => each.network === network && each.container !== container)
    const isServed = facts.places.get(container)?.firewall.some(({ chain }) => chain === 'DOCKER_OUTPUT') === true
    return other === undefined || !isServed ? [] : [{ container, name: other.container }]
  })
}

function byName({ container, name }: NamedPair): Probe {
  return { from: container, command: ['getent', 'hosts', name] }
}

/** Each container once. */
function distinct(pairs: readonly NamedPair[]): readonly NamedPair[] {
  return [...new Map(pairs.toReversed().map((pair) => [pair.container, pair])).values()].toReversed()
}

export const DNS_RULES_FLUSHED: Fault = {
  id: 'container-dns-broken',
  summary: 'the nat table of a container is empty, by which its name server is found',
  find: (facts) =>
    distinct(namedPairs(facts)).map((pair) => ({
      target: pair.container,
      symptom: `${pair.container} finds ${pair.name} by its address, not by its name`,
      steps: [command(pair.container, 'iptables', '-t', 'nat', '-F')],
      expected: { places: [pair.container], mentions: ['127.0.0.11'] },
      probes: [byName(pair)],
    })),
}

export const DNS_SERVER_WRONG: Fault = {
  id: 'container-dns-broken',
  way: 'server',
  summary: 'resolv.conf of a container names a server that does not know its neighbours',
  find: (facts) =>
    distinct(namedPairs(facts)).map((pair) => ({
      target: pair.container,
      symptom: `${pair.container} finds ${pair.name} by its address, not by its name`,
      steps: [
        { place: pair.container, file: 'resolv.conf', text: 'nameserver 127.0.0.53\noptions timeout:1 attempts:1\n' },
      ],
      expected: { places: [pair.container], mentions: ['127.0.0.53'] },
      probes: [byName(pair)],
    })),
}
