import { objectsOf } from '../../resolve/lab-object.ts'
import { command, type Fault, type FaultPlan, ping } from '../fault.ts'
import type { LabFacts } from '../lab-facts.ts'
import { type Crossing, crossings, machinesBeside, outboundMembers, outboundProbe } from '../members.ts'

/** One crossing a router, the first. */
function crossingsByRouter(facts: LabFacts): readonly Crossing[] {
  const all = crossings(facts)
  return [...new Map(all.toReversed().map((each) => [each.router, each])).values()].toReversed()
}

function hostsWithWayOut(facts: LabFacts) {
  return objectsOf(facts.lab, 'host').flatMap(({ name: host }) => {
    const member = outboundMembers(facts).find((each) => each.host === host)
    const probe = member === undefined ? undefined : outboundProbe(facts, member)
    return member === undefined || probe === undefined ? [] : [{ host, member, probe }]
  })
}

export const FORWARD_POLICY_ON_ROUTER: Fault = {
  id: 'forward-policy-drop',
  way: 'router',
  summary: 'the policy of FORWARD on a router becomes DROP',
  find: (facts) =>
    crossingsByRouter(facts).map(({ router, from, to, address }) => ({
      target: router,
      symptom: `${from} does not reach ${to}, and both reach the router between them`,
      steps: [command(router, 'iptables', '-P', 'FORWARD', 'DROP')],
      expected: { places: [router], mentions: ['FORWARD', 'DROP'] },
      probes: [ping(from, address)],
    })),
}

export const FORWARD_POLICY_ON_HOST: Fault = {
  id: 'forward-policy-drop',
  way: 'flushed',
  summary: 'a reload of the firewall empties FORWARD, whose policy is DROP',
  find: (facts) =>
    hostsWithWayOut(facts)
      .filter(({ host }) =>
        facts.places
          .get(host)
          ?.chains.some(
            ({ family, chain, hook, policy }) =>
              family === 'ip' && chain === 'FORWARD' && hook === 'forward' && policy === 'DROP',
          ),
      )
      .map(({ host, member, probe }) => ({
        target: host,
        symptom: `${member.container} does not get out of ${host}, and its published ports are dead`,
        steps: [command(host, 'iptables', '-F', 'FORWARD')],
        expected: { places: [host], mentions: ['FORWARD', 'DROP'] },
        probes: [probe],
      })),
}

export const IP_FORWARD_OFF: Fault = {
  id: 'ip-forward-off',
  summary: 'sysctl --system has reset net.ipv4.ip_forward to 0',
  find: (facts) => [
    ...hostsWithWayOut(facts).map(({ host, member, probe }) => ({
      target: host,
      symptom: `${member.container} reaches its host, and nothing beyond`,
      steps: [{ place: host, sysctl: 'net.ipv4.ip_forward', value: '0' }],
      expected: { places: [host], mentions: ['net.ipv4.ip_forward'] },
      probes: [probe],
    })),
    ...crossingsByRouter(facts).map(({ router, from, to, address }) => ({
      target: router,
      symptom: `${from} does not reach ${to}, and both reach the router between them`,
      steps: [{ place: router, sysctl: 'net.ipv4.ip_forward', value: '0' }],
      expected: { places: [router], mentions: ['net.ipv4.ip_forward'] },
      probes: [ping(from, address)],
    })),
  ],
}

export const INTERFACE_FORWARDING_OFF: Fault = {
  id: 'ip-forward-off',
  way: 'interface',
  summary: 'forwarding is off on the one interface of a host that leads to its containers',
  find: (facts) =>
    hostsWithWayOut(facts).map(({ host, member, probe }) => {
      const setting = `net.ipv4.conf.${member.bridge.name}.forwarding`
      return {
        target: host,
        symptom: `${member.container} reaches its host, and nothing beyond`,
        steps: [{ place: host, sysctl: setting, value: '0' }],
        expected: { places: [host], mentions: [setting] },
        probes: [probe],
      }
    }),
}

const SMALL_MTU = '1400'

export const PMTU_BLACKHOLE: Fault = {
  id: 'pmtu-blackhole',
  summary: 'a segment takes packets of 1400 bytes at most, and a rule keeps its router from saying so',
  find: (facts) =>
    crossingsByRouter(facts).map(({ router, from, to, address, outward }) => {
      const ends = objectsOf(facts.lab, 'attachment').filter(({ segment }) => segment === outward.segment)
      return {
        target: router,
        symptom: `from ${from} to ${to} small packets pass, and large ones are never heard of again`,
        steps: [
          ...ends.flatMap(({ node, interface: name, segment, port }) => [
            command(node, 'ip', 'link', 'set', 'dev', name, 'mtu', SMALL_MTU),
            command(segment, 'ip', 'link', 'set', 'dev', port, 'mtu', SMALL_MTU),
          ]),
          command(router, ...'iptables -A OUTPUT -p icmp -m icmp --icmp-type fragmentation-needed -j DROP'.split(' ')),
        ],
        expected: { places: [router], mentions: ['icmp', 'DROP'] },
        // as large as Ethernet takes; what is told of the first one lets the others pass in pieces
        probes: [{ from, command: ['ping', '-c', '3', '-i', '0.3', '-W', '1', '-M', 'want', '-s', '1472', address] }],
      }
    }),
}

/** Addresses of a cable that no lab has. */
const SECOND_CABLE = ['10.255.255.1', '10.255.255.2'] as const

export const RP_FILTER_STRICT: Fault = {
  id: 'rp-filter-strict',
  summary: 'answers come back over a second cable between two routers, and rp_filter is strict there',
  find: (facts) => crossingsByRouter(facts).flatMap((crossing) => secondWayBack(facts, crossing) ?? []),
}

/** A router behind the first one that sends what it gets from beyond over a cable of its own. */
function secondWayBack(facts: LabFacts, { router, inward, outward }: Crossing): FaultPlan | undefined {
  const routers = new Set(objectsOf(facts.lab, 'router').map(({ name }) => name))
  const beside = machinesBeside(facts, router)
  const near = beside.find(({ attachment }) => attachment === inward)
  const next = beside.find(({ node, attachment }) => routers.has(node) && attachment === outward)
  if (near === undefined || next === undefined) return undefined
  const back = facts.places.get(next.node)?.routes.find(({ gateway }) => gateway === next.own)
  const far = machinesBeside(facts, next.node).find(({ attachment }) => attachment.segment !== outward.segment)
  if (back === undefined || far === undefined) return undefined
  const [own, other] = SECOND_CABLE
  return {
    target: router,
    symptom: `${near.node} gets no answer from ${far.node}, where its packets arrive`,
    steps: [
      command(
        router,
        ...'ip link add second type veth peer name second'.split(' '),
        'netns',
        `tsnet:${facts.lab.name}:${next.node}`,
      ),
      command(router, 'ip', 'address', 'add', `${own}/30`, 'dev', 'second'),
      command(next.node, 'ip', 'address', 'add', `${other}/30`, 'dev', 'second'),
      command(router, 'ip', 'link', 'set', 'second', 'up'),
      command(next.node, 'ip', 'link', 'set', 'second', 'up'),
      command(next.node, 'ip', 'route', 'replace', back.destination, 'via', own),
      { place: router, sysctl: 'net.ipv4.conf.second.rp_filter', value: '1' },
    ],
    expected: { places: [router], mentions: ['rp_filter'] },
    probes: [ping(near.node, far.address)],
  }
}
