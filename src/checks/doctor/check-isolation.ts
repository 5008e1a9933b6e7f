import { rulePlace } from '../../flow/firewall/traverse.ts'
import type { SpaceLink } from '../../flow/world.ts'
import type { FirewallRule } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, evidence, linkEvidence, linkText, some } from './draft.ts'
import { spaceKey } from './keys.ts'

function checkIsolation({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const networks = map.networks.filter((network) => network.space === space && network.members.length > 0)
    const rules = space.namespace.firewall.filter((rule) => isIsolation(rule) && rule.packets > 0)
    if (networks.length < 2 || rules.length === 0) return []
    return [
      {
        severity: 'info',
        title: `containers of different networks of ${space.name} cannot talk: ${some(
          networks.map(({ link }) => link.name),
          8,
        )} are kept apart`,
        ...at(space),
        subject: `isolation in ${space.name}`,
        evidence: rules.map((rule) => ({
          text: `-A ${rule.chain} ${rule.text} in ${space.name} (${Math.max(rule.packets, 0)} packets)`,
          place: rulePlace(space, rule),
        })),
        cause:
          'By design: an engine keeps its networks apart. A container that shall reach another network is connected to it (docker network connect), or uses a published port.',
        about: [spaceKey(space)],
      },
    ]
  })
}

function isIsolation({ chain, table, text }: FirewallRule): boolean {
  // engines from 28 on keep strangers from the address of a container before anything else
  if (table === 'raw') return /^-d \S+ ! -i \S+ -j DROP$/.test(text)
  return /ISOLATION|STAGE-2|DOCKER-INTERNAL/.test(chain) && /-j DROP$|\bdrop$/.test(text)
}

function checkMacvlan({ world }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) =>
    space.namespace.links.flatMap((link) => {
      const parent = { space, link }
      const children = world
        .childrenOf(parent)
        .filter((child) => child.link.kind === 'macvlan' && child.space !== space)
      const own = space.namespace.addresses.filter((each) => each.link === link.index && !each.address.includes(':'))
      if (own.length === 0 || !children.some((child) => isAskedFor(parent, child))) return []
      return [
        {
          severity: 'info',
          title: `${space.name} and its macvlan containers ${some(children.map((child) => child.space.name))} cannot talk to each other`,
          ...at(space),
          subject: linkText(parent),
          evidence: [
            linkEvidence(parent, ` has ${own.map(({ address }) => address).join(', ')} and is the parent`),
            ...children.slice(0, 4).map((child) =>
              evidence(child.space, 'link', `${linkText(child)} is a macvlan over ${link.name}`, {
                link: child.link.name,
              }),
            ),
          ],
          cause:
            "By design of the kernel: a frame from the parent goes out by the wire and never to a macvlan above it, nor the other way round. Put the host's address on a macvlan of its own, or let a router in between send it back.",
          about: [spaceKey(space)],
        },
      ]
    }),
  )
}

/** The host has looked for one of them, in vain. */
function isAskedFor({ space, link }: SpaceLink, child: SpaceLink): boolean {
  const addresses = child.space.namespace.addresses.filter((each) => each.link === child.link.index)
  return space.namespace.neighbours.some(
    ({ link: index, address, states }) =>
      index === link.index &&
      addresses.some((each) => each.address.startsWith(`${address}/`)) &&
      states.some((state) => state === 'FAILED' || state === 'INCOMPLETE'),
  )
}

export const ISOLATION_DROP: Check = {
  id: 'isolation-drop',
  title: 'networks of one host are kept apart, by design',
  needs: ['links', 'addrs', 'firewall'],
  explanation: {
    symptom: 'Two containers of different networks of one host do not reach each other, though the host reaches both.',
    why: 'Rules of DOCKER-ISOLATION-STAGE-1 and -2 (or DOCKER-FORWARD and DOCKER-BRIDGE) drop what comes from one bridge and goes to another.',
    see: ['iptables -vnL DOCKER-ISOLATION-STAGE-2', 'tsnet-shoot path WEB DB'],
    fix: 'docker network connect NETWORK CONTAINER; a rule in DOCKER-USER opens it for everybody.',
    intended: 'Always; told with --all alone, and only where packets were dropped.',
  },
  check: checkIsolation,
}

export const MACVLAN_HOST_ISOLATION: Check = {
  id: 'macvlan-host-isolation',
  title: 'a host and its own macvlan containers cannot talk, by design',
  needs: ['links', 'addrs'],
  explanation: {
    symptom: 'Everybody on the LAN reaches a macvlan container but its own host.',
    why: 'The parent of macvlan links hands frames to the wire alone.',
    see: ['ip -d link show type macvlan', 'ip addr show dev eth0'],
    fix: "A macvlan link on the host, mode bridge over the same parent, with the host's address (or another one and a route to the containers).",
    intended: 'Always; told with --all alone.',
  },
  check: checkMacvlan,
}
