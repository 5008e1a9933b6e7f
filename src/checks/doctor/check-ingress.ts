import { rulePlace } from '../../flow/firewall/traverse.ts'
import type { Space } from '../../flow/world.ts'
import type { DoctorFacts, Draft } from './check.ts'
import { at, iptables, step, sysctlEvidence, sysctlStep } from './draft.ts'
import { spaceKey } from './keys.ts'
import { publishedRules } from './published-ports.ts'
import { type Mark, marksOf, serviceCheck } from './service-marks.ts'

function checkIngress({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((sandbox) => {
    if (!isIngress(sandbox)) return []
    const ports = marksOf(sandbox).filter(({ rule, port }) => rule.chain === 'PREROUTING' && port !== undefined)
    if (ports.length === 0) return []
    return map.of(sandbox).flatMap((endpoint) => {
      const cable = map.peer(endpoint)
      const network = map.networks.find(({ space, link }) => space === cable?.space && link.index === cable.link.master)
      const isWayOut = network?.gateways.some(({ ip }) => ip.family === 4) === true && endpoint.ip.family === 4
      const isHost = network?.space.namespace.links.some(({ kind }) => kind === 'vxlan') === false
      return network !== undefined && isWayOut && isHost
        ? ingressDrafts({ sandbox, address: endpoint.ip.text, ports, host: network.space, bridge: network.link.name })
        : []
    })
  })
}

function isIngress({ namespace: { owner, names, ipvs } }: Space): boolean {
  return owner.sandbox === 'ingress' || (ipvs.length > 0 && names.some((name) => name.includes('ingress')))
}

interface Ingress {
  readonly sandbox: Space
  readonly address: string
  readonly ports: readonly Mark[]
  readonly host: Space
  readonly bridge: string
}

function ingressDrafts(ingress: Ingress): Draft[] {
  const { host, bridge, ports, address, sandbox } = ingress
  const nat = host.namespace.firewall.filter(({ table, family }) => table === 'nat' && family === 'ip')
  const tool = iptables(nat[0] ?? host.namespace.firewall[0] ?? { backend: 'nft', family: 'ip' })
  const hasJump = nat.some(({ chain, text }) => chain === 'PREROUTING' && text.includes('-j DOCKER-INGRESS'))
  const led = publishedRules(host)
  const missing = ports.filter(
    ({ port, protocol = 'tcp' }) =>
      !led.some((each) => each.port === port && each.protocol === protocol && each.address === address),
  )
  const sysctl = `net.ipv4.conf.${bridge}.route_localnet`
  const isLocal = host.namespace.sysctls[sysctl] !== '0'
  if (hasJump && missing.length === 0 && isLocal) return []
  const local = ['-m', 'addrtype', '--dst-type', 'LOCAL', '-j', 'DOCKER-INGRESS']
  const add = (verb: string, chain: string, ...rest: readonly string[]) =>
    step(host, [tool, '-t', 'nat', verb, chain, ...rest], [tool, '-t', 'nat', '-D', chain, ...rest])
  const dnat = missing.map(({ port, protocol = 'tcp' }) =>
    add(
      '-I',
      'DOCKER-INGRESS',
      '-p',
      protocol,
      '-m',
      protocol,
      '--dport',
      String(port),
      '-j',
      'DNAT',
      '--to-destination',
      `${address}:${port}`,
    ),
  )
  return [
    {
      severity: hasJump && missing.length === 0 ? 'warning' : 'error',
      title:
        hasJump && missing.length === 0
          ? `published ports do not answer at 127.0.0.1 of ${host.name}: ${sysctl} is 0`
          : `rules of the routing mesh are missing in ${host.name}`,
      ...at(host),
      subject: `DOCKER-INGRESS of ${host.name}`,
      evidence: [
        ...(hasJump ? [] : [{ text: `nat PREROUTING of ${host.name} has no jump to DOCKER-INGRESS` }]),
        ...missing.map(({ port, protocol = 'tcp', rule }) => ({
          text: `no DNAT of ${port}/${protocol} to ${address}:${port} in DOCKER-INGRESS; ${sandbox.name} waits for it: -A ${rule.chain} ${rule.text}`,
          place: rulePlace(sandbox, rule),
        })),
        ...(isLocal ? [] : [sysctlEvidence(host, sysctl)]),
      ],
      cause:
        'A published port of a service is led into the ingress sandbox by rules of each node. Where they are missing, that node does not answer, and the others do.',
      fix: {
        steps: [
          ...(hasJump ? [] : [add('-I', 'PREROUTING', ...local), add('-I', 'OUTPUT', ...local)]),
          ...dnat,
          ...(isLocal ? [] : [sysctlStep(host, sysctl, '1')]),
        ],
        summary: 'puts them back',
      },
      about: [spaceKey(host), spaceKey(sandbox)],
    },
  ]
}

export const INGRESS_RULES_MISSING = serviceCheck(
  'ingress-rules-missing',
  'a node does not lead a published port into the mesh',
  checkIngress,
  {
    symptom: 'The published port of a service answers on some nodes only, or not at 127.0.0.1.',
    why: 'Each node has a chain DOCKER-INGRESS in nat, a jump to it, a DNAT rule a port, and route_localnet=1 on docker_gwbridge. A firewall that was started again flushes the first three.',
    see: [
      'iptables -t nat -S DOCKER-INGRESS',
      'iptables -t nat -S PREROUTING',
      'sysctl net.ipv4.conf.docker_gwbridge.route_localnet',
    ],
    fix: 'Restart the engine of that node, or put the rules back.',
    intended: 'A node that is drained keeps its rules; nothing is intended about missing ones.',
  },
)
