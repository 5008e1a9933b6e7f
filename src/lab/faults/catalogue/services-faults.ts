import type { FirewallRule, IpvsService, Namespace } from '../../../model/snapshot.ts'
import { objectsOf } from '../../resolve/lab-object.ts'
import { command, type Fault, type FaultPlan, http, type Probe } from '../fault.ts'
import type { LabFacts } from '../lab-facts.ts'
import { machinesBeside } from '../members.ts'

/** A virtual service by its mark, in the namespace that spreads its connections. */
interface MarkedService {
  readonly place: string
  readonly mark: number
  readonly service: IpvsService
  /** The rule that marks what is for it. */
  readonly rule: FirewallRule
  /** All of it must succeed: one request for each task, and one more. */
  readonly probe: Probe
}

function markedServices(facts: LabFacts): readonly MarkedService[] {
  return [...facts.places].flatMap(([place, namespace]) =>
    namespace.ipvs.flatMap((service) => markedService(facts, { place, namespace, service }) ?? []),
  )
}

interface Found {
  readonly place: string
  readonly namespace: Namespace
  readonly service: IpvsService
}

function markedService(facts: LabFacts, { place, namespace, service }: Found): MarkedService | undefined {
  const { fwmark: mark, destinations } = service
  // that of the ingress network also marks what comes to its published port
  const rules = namespace.firewall.filter(
    ({ table, text }) => table === 'mangle' && text.includes(markWords(mark ?? 0)),
  )
  const rule = rules.find(({ chain }) => chain === 'PREROUTING') ?? rules[0]
  const url = rule === undefined ? undefined : urlOf(facts, place, rule)
  if (mark === undefined || rule === undefined || url === undefined) return undefined
  const requests = Array.from({ length: destinations.length + 1 }, () => `curl -sS -o /dev/null -m 3 ${url.url}`)
  return { place, mark, service, rule, probe: { from: url.from, command: ['sh', '-c', requests.join(' && ')] } }
}

function markWords(mark: number): string {
  return `--set-xmark 0x${mark.toString(16)}/0xffffffff`
}

/** Who asks for the service by what: a container for its address, a machine beside the host for its port. */
function urlOf(
  facts: LabFacts,
  place: string,
  { text }: FirewallRule,
): { readonly from: string; readonly url: string } | undefined {
  const [name = '', host = ''] = place.split('.')
  const port = /--dport (\d+)/.exec(text)?.[1]
  if (port !== undefined) {
    const client = machinesBeside(facts, host).find(({ node }) => !facts.places.has(`${name}.${node}`))
    return client === undefined ? undefined : { from: client.node, url: `http://${client.own}:${port}/` }
  }
  const address = /-d ([\d.]+)\/32/.exec(text)?.[1]
  const asks = objectsOf(facts.lab, 'endpoint').find(
    (endpoint) => endpoint.host === host && `lb_${endpoint.network}` === name,
  )
  return address === undefined || asks === undefined ? undefined : { from: asks.container, url: `http://${address}/` }
}

export const IPVS_NO_BACKEND: Fault = {
  id: 'ipvs-no-backend',
  summary: 'a virtual service has lost all that it leads to',
  find: (facts) =>
    markedServices(facts).map(({ place, mark, service, probe }) => ({
      target: `${place}:${mark}`,
      symptom: `${probe.from} gets no answer from a service whose tasks are all there`,
      steps: service.destinations.map(({ address, port }) =>
        command(
          place,
          'ipvsadm',
          '--delete-server',
          '--fwmark-service',
          String(mark),
          '--real-server',
          `${address}:${port}`,
        ),
      ),
      expected: { places: [place], mentions: [String(mark)] },
      probes: [probe],
    })),
}

export const IPVS_DEAD_BACKEND: Fault = {
  id: 'ipvs-dead-backend',
  summary: 'a virtual service also leads to an address that no task has',
  find: (facts) =>
    markedServices(facts).flatMap(({ place, mark, service, probe }): readonly FaultPlan[] => {
      const [first] = service.destinations
      if (first === undefined) return []
      const dead = first.address.replace(/\d+$/, '250')
      return [
        {
          target: `${place}:${mark}`,
          symptom: `every ${service.destinations.length + 1}th request of ${probe.from} to a service hangs`,
          steps: [
            command(
              place,
              ...`ipvsadm --add-server --fwmark-service ${mark} --real-server ${dead}:${first.port} --masquerading`.split(
                ' ',
              ),
            ),
          ],
          expected: { places: [place], mentions: [dead] },
          probes: [probe],
        },
      ]
    }),
}

export const FWMARK_MISMATCH: Fault = {
  id: 'fwmark-mismatch',
  summary: 'a rule gives packets a mark of which there is no virtual service',
  find: (facts) =>
    markedServices(facts).map(({ place, mark, rule, probe }) => ({
      target: `${place}:${mark}`,
      symptom: `${probe.from} gets no answer from a service whose tasks are all there`,
      steps: [
        command(
          place,
          ...['iptables', '-t', 'mangle', '-R', rule.chain, String(rule.position)],
          ...rule.text.replace(markWords(mark), markWords(mark + WRONG)).split(' '),
        ),
      ],
      expected: { places: [place], mentions: ['mark'] },
      probes: [probe],
    })),
}

const WRONG = 0x1000

export const INGRESS_RULES_MISSING: Fault = {
  id: 'ingress-rules-missing',
  summary: 'the rules that lead a published port of a host into the routing mesh are gone',
  find: (facts) =>
    objectsOf(facts.lab, 'host').flatMap(({ name: host }): readonly FaultPlan[] => {
      const asked = ingressProbe(facts, host)
      if (asked === undefined) return []
      return [
        {
          target: host,
          symptom: `port ${asked.port} of ${host} is dead, and that of other hosts answers`,
          steps: [command(host, 'iptables', '-t', 'nat', '-F', 'DOCKER-INGRESS')],
          expected: { places: [host], mentions: ['DOCKER-INGRESS'] },
          probes: [asked.probe],
        },
      ]
    }),
}

/** A port of the routing mesh, asked for from a machine that has no part in it. */
export function ingressProbe(
  facts: LabFacts,
  host: string,
): { readonly port: string; readonly probe: Probe } | undefined {
  const rule = facts.places
    .get(host)
    ?.firewall.find(({ table, chain, target }) => table === 'nat' && chain === 'DOCKER-INGRESS' && target === 'DNAT')
  const port = /--dport (\d+)/.exec(rule?.text ?? '')?.[1]
  const client = machinesBeside(facts, host).find(({ node }) => !facts.places.has(`ingress_sbox.${node}`))
  if (port === undefined || client === undefined) return undefined
  return { port, probe: http(client.node, `http://${client.own}:${port}/`) }
}
