import type { Space } from '../../flow/world.ts'
import { socketKey } from '../../model/entry-key.ts'
import type { FixStep } from '../../model/finding.ts'
import type { Socket } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft, DraftFix, Evidence } from './check.ts'
import { predictionsOf } from './check-journeys.ts'
import { at, evidence, iptables, step } from './draft.ts'
import type { HostMap } from './host-map.ts'
import { spaceKey } from './keys.ts'
import { networkAround } from './routes.ts'

/** Where an engine's resolver of a container listens (docs.docker.com, Networking overview). */
const EMBEDDED = '127.0.0.11'

function check(facts: DoctorFacts): Draft[] {
  const { failures } = predictionsOf(facts)
  const broken = failures.filter(({ probe }) => probe.kind === 'dns')
  return [
    ...broken.map(({ probe, leg }) => embeddedDraft(probe.source, leg.reason)),
    ...facts.world.spaces
      // nobody lives in an engine's sandbox, so nobody reads a resolv.conf there
      .filter(({ namespace }) => namespace.owner.kind !== 'docker-sandbox')
      .flatMap((space) => [...elsewhere(facts.map, space), ...deafServers(space)]),
  ]
}

function listenersAt({ namespace }: Space, address: string): readonly Socket[] {
  return namespace.sockets.filter(
    ({ local, protocol, state }) =>
      local === address && (protocol === 'udp' || (protocol === 'tcp' && state === 'LISTEN')),
  )
}

function embeddedDraft(space: Space, reason: string): Draft {
  const sockets = listenersAt(space, EMBEDDED)
  const rules = space.namespace.firewall.filter(({ table, family }) => table === 'nat' && family === 'ip')
  const hasJump = rules.some(({ chain, text }) => chain === 'OUTPUT' && text.includes('DOCKER_OUTPUT'))
  const hasTarget = rules.some(
    ({ chain, text }) => chain === 'DOCKER_OUTPUT' && text.includes('-p udp') && text.includes('DNAT'),
  )
  const lacking = [
    ...(sockets.length > 0 ? [] : [`no socket at ${EMBEDDED} in ${space.name}`]),
    ...(hasJump ? [] : [`nat OUTPUT of ${space.name} has no jump to DOCKER_OUTPUT`]),
    ...(hasTarget ? [] : [`no rule of DOCKER_OUTPUT leads ${EMBEDDED}:53/udp to the resolver`]),
  ]
  const fix = sockets.length === 0 ? undefined : rulesFix(space, sockets)
  return {
    severity: 'error',
    title: `names do not resolve in ${space.name}: nothing answers at ${EMBEDDED}:53`,
    ...at(space),
    subject: `resolver of ${space.name}`,
    evidence: [
      ...lacking.map((text) => evidence(space, 'kernel', text)),
      resolvEvidence(space),
      ...sockets.slice(0, 2).map((socket) =>
        evidence(space, 'socket', `${socket.protocol} ${socket.local}:${socket.localPort} is the resolver`, {
          entry: socketKey(socket),
        }),
      ),
    ],
    cause: `${reason}. The engine's resolver listens at ${EMBEDDED} on a port of its own, and rules in the nat table of the container lead port 53 to it; flushing that table, or the end of the engine's process, cuts the container off from all names while addresses go on working.`,
    ...(fix === undefined ? {} : { fix }),
    about: [spaceKey(space), `resolver ${space.host} ${space.namespace.inode}`],
  }
}

function resolvEvidence(space: Space): Evidence {
  const { dns } = space.namespace
  return evidence(space, 'kernel', `${dns?.path ?? 'resolv.conf'}: nameserver ${dns?.servers.join(', ') || 'none'}`)
}

/** The rules of the engine, as it writes them. */
function rulesFix(space: Space, sockets: readonly Socket[]): DraftFix {
  const { chains, firewall } = space.namespace
  const backend = firewall[0]?.backend ?? chains[0]?.backend ?? 'nft'
  const tool = [iptables({ backend, family: 'ip' }), '-t', 'nat']
  const has = (chain: string, text: string) =>
    firewall.some((rule) => rule.table === 'nat' && rule.chain === chain && rule.text === text)
  const chainSteps = ['DOCKER_OUTPUT', 'DOCKER_POSTROUTING'].flatMap((chain) =>
    chains.some((each) => each.table === 'nat' && each.chain === chain)
      ? []
      : [step(space, [...tool, '-N', chain], [...tool, '-X', chain])],
  )
  const wanted: (readonly [chain: string, text: string])[] = [
    ['OUTPUT', `-d ${EMBEDDED}/32 -j DOCKER_OUTPUT`],
    ['POSTROUTING', `-d ${EMBEDDED}/32 -j DOCKER_POSTROUTING`],
    ...sockets.flatMap(({ protocol, localPort }): (readonly [string, string])[] => [
      [
        'DOCKER_OUTPUT',
        `-d ${EMBEDDED}/32 -p ${protocol} -m ${protocol} --dport 53 -j DNAT --to-destination ${EMBEDDED}:${localPort}`,
      ],
      [
        'DOCKER_POSTROUTING',
        `-s ${EMBEDDED}/32 -p ${protocol} -m ${protocol} --sport ${localPort} -j SNAT --to-source :53`,
      ],
    ]),
  ]
  const ruleSteps = wanted
    .filter(([chain, text]) => !has(chain, text))
    .map(([chain, text]) =>
      step(space, [...tool, '-A', chain, ...text.split(' ')], [...tool, '-D', chain, ...text.split(' ')]),
    )
  return { steps: [...chainSteps, ...ruleSteps], summary: 'puts the rules of the resolver back' }
}

/** A resolver of the engine is there and resolv.conf names another. */
function elsewhere(map: HostMap, space: Space): Draft[] {
  const { dns } = space.namespace
  const [resolver] = listenersAt(space, EMBEDDED)
  if (dns === undefined || dns.servers.includes(EMBEDDED) || resolver === undefined) return []
  if (!map.of(space).some((each) => networkAround(map, each) !== undefined)) return []
  const fix = resolvFix(space, dns.servers)
  return [
    {
      severity: 'error',
      title: `${space.name} asks ${dns.servers.join(', ') || 'nobody'} for names, and not its own resolver`,
      ...at(space),
      subject: `resolv.conf of ${space.name}`,
      evidence: [
        resolvEvidence(space),
        evidence(space, 'socket', `the engine's resolver listens at ${EMBEDDED} in ${space.name}`, {
          entry: socketKey(resolver),
        }),
      ],
      cause:
        'Names of other containers are known to the resolver of the engine alone. Something in the container wrote resolv.conf anew.',
      ...(fix === undefined ? {} : { fix }),
      about: [spaceKey(space), `resolver ${space.host} ${space.namespace.inode}`],
    },
  ]
}

/** A file that is mounted into a container cannot be edited in place; that of a lab or of `ip netns` can. */
function resolvFix(space: Space, servers: readonly string[]): DraftFix | undefined {
  const { dns } = space.namespace
  if (dns === undefined || dns.path.startsWith('/proc/')) return undefined
  const [old] = servers
  const edit = (text: string): FixStep['words'] => ['sed', '-i', text, dns.path]
  return {
    steps: [
      old === undefined
        ? step(space, edit(`1i nameserver ${EMBEDDED}`), edit(`/^nameserver ${EMBEDDED}$/d`))
        : step(
            space,
            edit(`s/^nameserver .*/nameserver ${EMBEDDED}/`),
            /^[\da-f.:]+$/.test(old) ? edit(`s/^nameserver .*/nameserver ${old}/`) : undefined,
          ),
    ],
    summary: `lets it ask ${EMBEDDED}`,
  }
}

/** Loopback servers, of systemd-resolved or dnsmasq for example, that nobody in the namespace is. */
function deafServers(space: Space): Draft[] {
  const { dns, sockets, owner, pids } = space.namespace
  if (dns === undefined || owner.kind === 'peer' || owner.kind === 'netns' || owner.kind === 'docker-sandbox') return []
  // of a namespace of a lab without files of its own nobody asks for names
  if (pids.length === 0 && (owner.kind !== 'lab' || dns.path === '/etc/resolv.conf')) return []
  // it has a resolver of an engine and asks another: that is told by itself
  if (listenersAt(space, EMBEDDED).length > 0) return []
  const isHeard = (address: string) =>
    sockets.some(
      ({ local, localPort, protocol }) =>
        localPort === 53 && protocol === 'udp' && [address, '0.0.0.0', '::'].includes(local),
    )
  const deaf = dns.servers.filter((each) => each.startsWith('127.') && each !== EMBEDDED && !isHeard(each))
  if (deaf.length === 0 || deaf.length < dns.servers.length) return []
  return [
    {
      severity: owner.kind === 'host' ? 'warning' : 'error',
      title: `${space.name} asks ${deaf.join(', ')} for names, where nobody listens`,
      ...at(space),
      subject: `resolv.conf of ${space.name}`,
      evidence: [resolvEvidence(space), evidence(space, 'socket', `no udp socket at ${deaf[0]}:53 in ${space.name}`)],
      cause:
        'Loopback is that of the namespace itself: a file that was copied from the host names a resolver that only the host has.',
      about: [spaceKey(space), `resolver ${space.host} ${space.namespace.inode}`],
    },
  ]
}

export const CONTAINER_DNS_BROKEN: Check = {
  id: 'container-dns-broken',
  title: 'names do not resolve in a container',
  needs: ['links', 'addrs', 'firewall', 'sockets', 'dns'],
  explains: [],
  explanation: {
    symptom: 'Names fail ("Temporary failure in name resolution"), addresses work.',
    why: 'In a network of its own a container asks 127.0.0.11. Rules in the nat table of the container lead that to a socket that the engine holds inside. Without the rules or the socket, or with another resolv.conf, names of containers are gone.',
    see: [
      'cat /etc/resolv.conf',
      'tsnet-shoot enter CONTAINER -- iptables -t nat -S',
      'tsnet-shoot enter CONTAINER -- ss -lnup',
      'tsnet-shoot show dns',
    ],
    fix: 'Put the rules back, or restart the container, which does the same.',
    intended: 'A container with --dns on the default bridge uses other servers, and has no resolver of the engine.',
  },
  check,
}
