import type { Space } from '../../flow/world.ts'
import { groupBy } from '../../model/wiring.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, evidence, linkEvidence, linkText, step } from './draft.ts'
import { addressesOf, type Endpoint } from './host-map.ts'
import { addressKey, linkKey, spaceKey } from './keys.ts'

function checkAddresses({ world, map }: DoctorFacts): Draft[] {
  const groups = [...groupBy(map.endpoints, ({ segment, ip }) => `${segment} ${ip.text}`).values()]
  const twice = groups.filter((group) => new Set(group.map(({ space }) => space)).size > 1 && !isShared(group))
  return [...twice.map(addressDraft), ...world.spaces.flatMap(failedDetection)]
}

/** Addresses that several have by design: the gateway of an overlay on each of its hosts, a VIP on each balancer. */
function isShared(group: readonly Endpoint[]): boolean {
  return (
    group.every(({ link }) => link.kind === 'bridge') ||
    group.every(({ subnet, ip }) => subnet.length === (ip.family === 4 ? 32 : 128))
  )
}

function addressDraft(group: readonly Endpoint[]): Draft {
  const [intruder, ...rest] = [...group].sort(
    (a, b) => strangeness(b) - strangeness(a) || b.space.namespace.inode - a.space.namespace.inode,
  ) as [Endpoint, ...Endpoint[]]
  const names = group.map(({ space }) => space.name)
  return {
    severity: 'error',
    title: `${intruder.ip.text} is the address of ${names.join(' and ')} on one segment`,
    ...at(intruder.space),
    subject: `${intruder.ip.text} on ${linkText(intruder)}`,
    evidence: [intruder, ...rest].map((each) =>
      evidence(each.space, 'link', `${each.text} on ${linkText(each)}, MAC ${each.link.mac ?? 'none'}`, {
        link: each.link.name,
      }),
    ),
    cause:
      'Whoever answers an ARP question last gets the packets: connections are reset now and then, or the wrong one answers.',
    fix: {
      steps: [
        step(
          intruder.space,
          ['ip', 'address', 'del', intruder.text, 'dev', intruder.link.name],
          ['ip', 'address', 'add', intruder.text, 'dev', intruder.link.name],
        ),
      ],
      summary: `takes it from ${intruder.space.name}`,
      warning: `it is a guess that ${intruder.space.name} is the one that should not have it`,
    },
    about: [addressKey(intruder.ip.text), ...group.flatMap((each) => [spaceKey(each.space), linkKey(each)])],
  }
}

/** How little an address fits its holder: another one of the same subnet beside it, a MAC of another address, no process. */
function strangeness({ space, link, subnet, ip }: Endpoint): number {
  const others = addressesOf({ space, link }).filter((text) => !text.includes(':') && !text.startsWith(`${ip.text}/`))
  const isKnown = space.namespace.pids.length > 0 || space.namespace.owner.kind === 'lab'
  return (
    (others.length > 0 ? 4 : 0) +
    (isKnown ? 0 : 2) +
    (link.mac === dockerMac(ip.text) ? 0 : 1) +
    (subnet.length >= 31 ? 2 : 0)
  )
}

/** The MAC that engines up to 27 give to an address. */
function dockerMac(address: string): string {
  return ['02', '42', ...address.split('.').map((each) => Number(each).toString(16).padStart(2, '0'))].join(':')
}

function failedDetection(space: Space): Draft[] {
  const { addresses, links } = space.namespace
  return addresses
    .filter(({ flags }) => flags.includes('dadfailed'))
    .map(({ address, link: index }) => {
      const link = links.find((each) => each.index === index)
      return {
        severity: 'error',
        title: `${address} of ${space.name} is somebody else's too`,
        ...at(space),
        subject: `${address} of ${space.name}`,
        evidence: [
          evidence(space, 'link', `${address} on ${link?.name ?? index}: dadfailed`, { link: link?.name ?? '' }),
        ],
        cause: 'Duplicate address detection was answered when the address was set, so the kernel does not use it.',
        about: [spaceKey(space), addressKey(address.split('/')[0] ?? '')],
      }
    })
}

/** Links that have a MAC of their own; VLANs, ipvlan and bridges borrow one. */
const OWN_MAC: ReadonlySet<string> = new Set(['veth', 'macvlan', 'ether', 'tun'])

function checkMacs({ world, map }: DoctorFacts): Draft[] {
  const ends = world.spaces.flatMap((space) =>
    space.namespace.links
      .filter(
        ({ kind, mac, master }) =>
          OWN_MAC.has(kind) && mac !== undefined && master === undefined && mac !== '00:00:00:00:00:00',
      )
      .map((link) => ({ space, link })),
  )
  const groups = [...groupBy(ends, (end) => `${end.link.mac} ${map.segments.of(end)}`).values()]
  return groups.filter((group) => group.length > 1).map((group) => macDraft(group))
}

function macDraft(group: readonly Pick<Endpoint, 'space' | 'link'>[]): Draft {
  const mac = group[0]?.link.mac ?? ''
  const fits = (end: Pick<Endpoint, 'space' | 'link'>) =>
    addressesOf(end).some((text) => dockerMac(text.split('/')[0] ?? '') === mac) ? 1 : 0
  const [changed] = [...group].sort(
    (a, b) => fits(a) - fits(b) || b.space.namespace.inode - a.space.namespace.inode,
  ) as [Pick<Endpoint, 'space' | 'link'>]
  const own = addressesOf(changed)
    .find((text) => text.includes('.'))
    ?.split('/')[0]
  const better = own === undefined || dockerMac(own) === mac ? mac.replace(/^..:../, '06:42') : dockerMac(own)
  return {
    severity: 'error',
    title: `${mac} is the MAC of ${group.map(linkText).join(' and ')} on one segment`,
    ...at(changed.space),
    subject: `${mac} on ${linkText(changed)}`,
    evidence: group.map((each) => linkEvidence(each, ` link/ether ${mac}`)),
    cause:
      'The bridge learns the MAC at one port and then at the other, so frames for both go wherever it was heard last.',
    fix: {
      steps: [
        step(
          changed.space,
          ['ip', 'link', 'set', 'dev', changed.link.name, 'address', better],
          ['ip', 'link', 'set', 'dev', changed.link.name, 'address', mac],
        ),
      ],
      summary: `gives ${linkText(changed)} a MAC of its own`,
    },
    about: group.flatMap((each) => [spaceKey(each.space), linkKey(each)]),
  }
}

export const DUPLICATE_ADDRESS: Check = {
  id: 'duplicate-address',
  title: 'one address in two namespaces of one segment',
  needs: ['links', 'addrs'],
  explains: ['*'],
  explanation: {
    symptom:
      'Connections are reset now and then, or the wrong service answers; which one changes when ARP entries expire.',
    why: 'Both holders answer the ARP question. It comes from addresses that are given by hand beside those that an engine gives, from two engines on one segment, or from a copy of a container.',
    see: ['arping -D -c 3 -I eth0 ADDRESS', 'ip neigh show ADDRESS', 'tsnet-shoot show addrs'],
    fix: 'Take the address away from one of the two. Reserve addresses that are given by hand with --ip-range or --aux-address.',
    intended:
      'A virtual address as /32 on several load balancers, and the gateway of an overlay on each of its hosts: neither is reported.',
  },
  check: checkAddresses,
}

export const DUPLICATE_MAC: Check = {
  id: 'duplicate-mac',
  title: 'one MAC at two ports of one segment',
  needs: ['links'],
  explains: ['*'],
  explanation: {
    symptom: 'Two containers work in turns; `bridge fdb` shows one MAC now at this port, now at that.',
    why: 'A switch has one place for each MAC. Copies of a container or of a virtual machine, and MACs given by hand, give it two.',
    see: ['bridge fdb show br BRIDGE | grep MAC', 'bridge monitor fdb'],
    fix: 'Give one of the two another MAC.',
    intended: 'Active-backup pairs (VRRP, bonding) move a MAC on purpose; only one of the two is up then.',
  },
  check: checkMacs,
}
