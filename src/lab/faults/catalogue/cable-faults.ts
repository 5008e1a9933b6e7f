import { basename } from 'node:path'
import { leakedNamespace } from '../../build/lab-paths.ts'
import { objectsOf } from '../../resolve/lab-object.ts'
import { command, type Fault, type FaultPlan, ping } from '../fault.ts'
import type { LabFacts } from '../lab-facts.ts'
import {
  bridgeMembers,
  type Member,
  machinesBeside,
  outboundMembers,
  outboundProbe,
  pairsInNetworks,
} from '../members.ts'

/** A container of a bridge network and somebody who looks for it: the host of every network does. */
function reachable(facts: LabFacts) {
  return bridgeMembers(facts).map((member) => ({
    member,
    probe: ping(member.host, member.address),
    name: nameOf(facts, member),
  }))
}

/** A container may be in several networks. */
function nameOf(facts: LabFacts, { container, network }: Member): string {
  const all = bridgeMembers(facts).filter((each) => each.container === container)
  return all.length > 1 ? `${container}.${network.name}` : container
}

export const LINK_DOWN_IN_CONTAINER: Fault = {
  id: 'link-down',
  summary: 'the interface of a container is down',
  find: (facts) =>
    reachable(facts).map(({ member, probe, name }) => ({
      target: name,
      symptom: `nobody reaches ${member.container} by ${member.address}`,
      steps: [command(member.container, 'ip', 'link', 'set', 'dev', member.link.name, 'down')],
      around: [member.host],
      expected: { places: [member.container, member.host], mentions: [member.link.name] },
      probes: [probe],
    })),
}

export const LINK_DOWN_ON_HOST: Fault = {
  id: 'link-down',
  way: 'host',
  summary: "the end of a container's cable on its host is down",
  find: (facts) =>
    reachable(facts).map(({ member, probe, name }) => ({
      target: name,
      symptom: `nobody reaches ${member.container} by ${member.address}`,
      steps: [command(member.host, 'ip', 'link', 'set', 'dev', member.port.name, 'down')],
      around: [member.container],
      expected: { places: [member.host, member.container], mentions: [member.port.name] },
      probes: [probe],
    })),
}

export const LINK_DOWN_OF_MACHINE: Fault = {
  id: 'link-down',
  way: 'uplink',
  summary: 'an interface of a host or router is down',
  find: (facts) =>
    objectsOf(facts.lab, 'attachment').flatMap(({ node, interface: name, segment }): readonly FaultPlan[] => {
      const beside = machinesBeside(facts, node).find(({ attachment }) => attachment.interface === name)
      if (beside === undefined) return []
      return [
        {
          target: `${node}.${name}`,
          symptom: `${node} reaches nobody on ${segment}`,
          steps: [command(node, 'ip', 'link', 'set', 'dev', name, 'down')],
          around: [segment],
          expected: { places: [node, segment], mentions: [name] },
          probes: [ping(beside.node, beside.own)],
        },
      ]
    }),
}

export const LINK_DOWN_OF_PARENT: Fault = {
  id: 'link-down',
  way: 'parent',
  summary: 'the interface below the macvlan networks of a host is down',
  find: (facts) =>
    macvlanMembers(facts).flatMap(({ container, host, parent, peer }) =>
      peer === undefined
        ? []
        : [
            {
              target: `${host}.${parent}`,
              symptom: `${container} reaches nobody`,
              steps: [command(host, 'ip', 'link', 'set', 'dev', parent, 'down')],
              expected: { places: [host], mentions: [parent] },
              around: [container, ...objectsOf(facts.lab, 'segment').map(({ name }) => name)],
              probes: [ping(container, peer)],
            },
          ],
    ),
}

interface MacvlanMember {
  readonly container: string
  readonly host: string
  readonly address: string
  readonly parent: string
  readonly peer?: string
}

/** Containers on the network of their host, and who is beside them there. */
export function macvlanMembers(facts: LabFacts): readonly MacvlanMember[] {
  const networks = objectsOf(facts.lab, 'network').filter(({ driver }) => driver === 'macvlan')
  const endpoints = objectsOf(facts.lab, 'endpoint').filter(({ ipv4 }) => ipv4 !== undefined)
  return endpoints.flatMap((endpoint) => {
    const network = networks.find(({ name, host }) => name === endpoint.network && host === endpoint.host)
    const parent = network?.options['parent']
    if (network === undefined || parent === undefined) return []
    const { container, host, ipv4: address = '' } = endpoint
    const others = endpoints.filter((each) => each.network === endpoint.network && each.container !== container)
    const other = others.find((each) => each.host !== host) ?? others[0]
    return [{ container, host, address, parent, ...(other?.ipv4 === undefined ? {} : { peer: other.ipv4 }) }]
  })
}

export const VETH_NOT_ENSLAVED: Fault = {
  id: 'veth-not-enslaved',
  summary: 'the cable of a container is on no bridge',
  find: (facts) =>
    reachable(facts).map(({ member, probe, name }) => ({
      target: name,
      symptom: `${member.container} is alone: it reaches nobody, though its interface is up`,
      steps: [command(member.host, 'ip', 'link', 'set', 'dev', member.port.name, 'nomaster')],
      around: [member.container],
      expected: { places: [member.host, member.container], mentions: [member.port.name] },
      probes: [probe],
    })),
}

export const DUPLICATE_MAC: Fault = {
  id: 'duplicate-mac',
  summary: 'two containers of one network have the same MAC address',
  find: (facts) =>
    pairsInNetworks(facts).map(([a, b]) => ({
      target: nameOf(facts, a),
      symptom: `now ${a.container} answers and now it does not`,
      steps: [
        command(a.container, 'ip', 'link', 'set', 'dev', a.link.name, 'address', b.link.mac ?? ''),
        // who speaks last has it
        { ...command(a.container, ...'ping -c 1 -W 1'.split(' '), a.gateway), mayFail: true },
        { ...command(b.container, ...'ping -c 1 -W 1'.split(' '), b.gateway), mayFail: true },
      ],
      around: [b.container, a.host],
      expected: { places: [a.container, b.container, a.host], mentions: [b.link.mac ?? ''] },
      probes: [],
      stir: [ping(a.container, a.gateway), ping(b.container, b.gateway)],
    })),
}

export const DUPLICATE_ADDRESS: Fault = {
  id: 'duplicate-address',
  summary: 'two containers of one network have the same address',
  find: (facts) =>
    pairsInNetworks(facts).map(([a, b]) => ({
      target: nameOf(facts, a),
      symptom: `who asks for ${b.container} now and then gets somebody else`,
      steps: [command(a.container, 'ip', 'address', 'add', `${b.address}/${prefixOf(a)}`, 'dev', a.link.name)],
      around: [b.container, a.host],
      expected: { places: [a.container, b.container, a.host], mentions: [b.address] },
      probes: [],
    })),
}

function prefixOf({ network }: Member): string {
  return network.pools[0]?.subnet.split('/')[1] ?? '24'
}

export const DEFAULT_ROUTE_MISSING: Fault = {
  id: 'default-route-wrong',
  summary: 'a container has no default route',
  find: (facts) =>
    outboundMembers(facts).flatMap((member): readonly FaultPlan[] => {
      const probe = outboundProbe(facts, member)
      if (probe === undefined) return []
      return [
        {
          target: nameOf(facts, member),
          symptom: `${member.container} reaches its own network, and nothing beyond`,
          steps: [command(member.container, 'ip', 'route', 'delete', 'default')],
          expected: { places: [member.container], mentions: ['default'] },
          probes: [probe],
        },
      ]
    }),
}

export const DEFAULT_ROUTE_WRONG: Fault = {
  id: 'default-route-wrong',
  way: 'gateway',
  summary: 'the default route of a container leads to an address that nobody has',
  find: (facts) =>
    outboundMembers(facts).flatMap((member): readonly FaultPlan[] => {
      const probe = outboundProbe(facts, member)
      const gateway = freeAddress(facts, member)
      if (probe === undefined) return []
      return [
        {
          target: nameOf(facts, member),
          symptom: `${member.container} reaches its own network, and nothing beyond`,
          steps: [command(member.container, 'ip', 'route', 'replace', 'default', 'via', gateway)],
          expected: { places: [member.container], mentions: ['default', gateway] },
          probes: [probe],
        },
      ]
    }),
}

/** The last address of a network that nobody has. */
export function freeAddress(facts: LabFacts, { network, gateway }: Member): string {
  const taken = bridgeMembers(facts).map(({ address }) => address)
  return lastFree(network.pools[0]?.subnet ?? '', [...taken, gateway])
}

function lastFree(subnet: string, taken: readonly string[]): string {
  const [base = '', length = '24'] = subnet.split('/')
  const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  for (let each = number + 2 ** (32 - Number(length)) - 2; each > number; each--) {
    const text = [24, 16, 8, 0].map((bits) => Math.floor(each / 2 ** bits) % 256).join('.')
    if (!taken.includes(text)) return text
  }
  return base
}

export const SUBNET_OVERLAP: Fault = {
  id: 'subnet-overlap',
  summary: 'a new bridge network takes a part of the LAN for itself',
  find: (facts) =>
    objectsOf(facts.lab, 'host').flatMap(({ name: host }): readonly FaultPlan[] => {
      const beside = machinesBeside(facts, host).find(({ address, own }) => blockOf(address) !== blockOf(own))
      if (beside === undefined || !bridgeMembers(facts).some((member) => member.host === host)) return []
      const subnet = `${blockOf(beside.address)}/29`
      const bridge = 'br-0badbadbad00'
      return [
        {
          target: host,
          symptom: `${host} and its containers do not reach ${beside.node} any more, which others reach`,
          steps: [
            command(host, 'ip', 'link', 'add', bridge, 'type', 'bridge'),
            command(host, 'ip', 'address', 'add', `${nextOf(beside.address)}/29`, 'dev', bridge),
            command(host, 'ip', 'link', 'set', bridge, 'up'),
          ],
          expected: { places: [host], mentions: [bridge, subnet] },
          probes: [ping(host, beside.address)],
        },
      ]
    }),
}

/** First address of the eight that this one is among. */
function blockOf(address: string): string {
  const parts = address.split('.')
  return [...parts.slice(0, 3), String(Number(parts[3]) & ~7)].join('.')
}

/** Another one of these that can be used. */
function nextOf(address: string): string {
  const parts = address.split('.')
  const last = Number(parts[3])
  return [...parts.slice(0, 3), String((last & ~7) + ((last & 7) === 6 ? 5 : 6))].join('.')
}

export const LEAKED_NAMESPACE: Fault = {
  id: 'leaked-namespace',
  summary: 'a namespace that no container owns is still on the bridge of a network',
  find: (facts) =>
    [...new Map(bridgeMembers(facts).map((member) => [member.bridge.name, member])).values()].map((member) => {
      const path = leakedNamespace(facts.lab.name)
      const address = freeAddress(facts, member)
      const words = (text: string): string[] => text.split(' ')
      return {
        target: member.network.name,
        symptom: `${address} answers in ${member.network.name}, and no container has it`,
        steps: [
          { place: member.host, namespace: 'leaked' as const },
          command(member.host, ...words(`ip link add veth4f0a9e1 type veth peer name eth0 netns ${path}`)),
          command(member.host, ...words(`ip link set veth4f0a9e1 master ${member.bridge.name} up`)),
          command(
            member.host,
            ...words(`nsenter --net=${path} ip address add ${address}/${prefixOf(member)} dev eth0`),
          ),
          command(member.host, ...words(`nsenter --net=${path} ip link set eth0 up`)),
          command(member.host, ...words(`nsenter --net=${path} ip route add default via ${member.gateway}`)),
        ],
        expected: { places: [member.host, basename(path)], mentions: ['veth4f0a9e1'] },
        probes: [],
      }
    }),
}

export const MACVLAN_HOST_ISOLATION: Fault = {
  id: 'macvlan-host-isolation',
  summary: 'a host talks to its own macvlan containers over their common interface',
  find: (facts) =>
    macvlanMembers(facts).map(({ container, host, address, parent }) => ({
      target: container,
      symptom: `${host} does not reach ${container}, which everybody else reaches`,
      steps: [{ ...command(host, ...'ping -c 1 -W 1'.split(' '), address), mayFail: true }],
      expected: { places: [host, container], mentions: [parent] },
      probes: [],
      byDesign: true,
    })),
}
