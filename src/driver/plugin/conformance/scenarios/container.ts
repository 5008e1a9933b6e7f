import { goAny } from '../../go-json.ts'
import { type WireJoinAnswer, wireEndpointAnswer, wireEndpointInfo, wireJoinAnswer } from '../../wire.ts'
import type { Findings } from '../check.ts'
import { gatewayProblem, getsGatewayBridge, linkNameProblem, routeProblem } from '../join-rules.ts'
import { configuredAddresses } from '../link-rules.ts'
import { type Conversation, conversation, removeAfterwards } from '../messages.ts'
import { expectSuccess, need, scenario } from '../scenario.ts'
import type { Reply, Subject } from '../subject.ts'

const MODIFIED = 'the container does not start: "driver modified interface … Cannot be modified"'

const RULES = {
  'create-network': ['CreateNetwork succeeds', '"docker network create" fails with the plugin’s text'],
  'create-endpoint': [
    'CreateEndpoint succeeds with an address and a MAC that are given',
    'the container does not start',
  ],
  'mac-kept': ['the MAC that was given is not answered, not even unchanged', MODIFIED],
  'address-kept': ['the address that was given is not answered, not even unchanged', MODIFIED],
  join: ['Join succeeds, and each field is of its type', 'the container does not start'],
  'link-name': ['Join names a link that can be', 'the container does not start: the engine finds no link to move'],
  'link-unconfigured': [
    'the link has no address, and waits in the host’s namespace',
    'the engine configures it again, and fails or keeps both',
  ],
  gateway: [
    'a gateway is a plain address on the link',
    'the container does not start: "invalid gateway", or "network is unreachable"',
  ],
  'default-route': [
    'there is a gateway, a default route, or DisableGatewayService',
    'the container gets a second interface, on docker_gwbridge, and its default route goes there',
  ],
  routes: [
    'each static route is a CIDR with a next hop (RouteType 0) or connected (1)',
    'the container does not start',
  ],
  program: ['ProgramExternalConnectivity succeeds, or is answered with 404', 'the container does not start'],
  info: ['EndpointOperInfo succeeds, twice', '"docker inspect" shows less, and the log an error'],
  revoke: ['RevokeExternalConnectivity succeeds, or is answered with 404', 'the engine logs an error'],
  leave: ['Leave succeeds', 'the engine logs an error and goes on: what the plugin holds, stays'],
  'delete-endpoint': ['DeleteEndpoint succeeds', 'the engine logs an error and goes on: what the plugin holds, stays'],
  'delete-network': [
    'DeleteNetwork succeeds',
    'the engine logs an error and forgets the network: what the plugin holds, stays',
  ],
} as const

/** What an engine sends for `network create`, `run --ip … --mac-address … -p …` and the end of both. */
export const CONTAINER = scenario({
  name: 'container',
  driver: 'network',
  rules: RULES,
  async talk(subject, findings) {
    const messages = conversation(subject, 1)
    removeAfterwards(subject, messages)
    need(findings, 'create-network', await subject.call('NetworkDriver.CreateNetwork', goAny, messages.createNetwork))
    await createEndpoint(subject, findings, messages)
    const joined = need(findings, 'join', await subject.call('NetworkDriver.Join', wireJoinAnswer, messages.join))
    checkJoin(findings, joined, messages.pools)
    const { ids, network, program } = messages
    orMissing(findings, 'program', await subject.call('NetworkDriver.ProgramExternalConnectivity', goAny, program))
    for (const _ of [1, 2]) {
      expectSuccess(findings, 'info', await subject.call('NetworkDriver.EndpointOperInfo', wireEndpointInfo, ids))
    }
    orMissing(findings, 'revoke', await subject.call('NetworkDriver.RevokeExternalConnectivity', goAny, ids))
    expectSuccess(findings, 'leave', await subject.call('NetworkDriver.Leave', goAny, ids))
    expectSuccess(findings, 'delete-endpoint', await subject.call('NetworkDriver.DeleteEndpoint', goAny, ids))
    expectSuccess(findings, 'delete-network', await subject.call('NetworkDriver.DeleteNetwork', goAny, network))
  },
})

type Id = keyof typeof RULES

async function createEndpoint(subject: Subject, findings: Findings<Id>, messages: Conversation): Promise<void> {
  const method = 'NetworkDriver.CreateEndpoint'
  const answer = need(
    findings,
    'create-endpoint',
    await subject.call(method, wireEndpointAnswer, messages.createEndpoint),
  )
  const { Address = '', MacAddress = '' } = answer.Interface ?? {}
  findings.that('mac-kept', MacAddress === '', `it answered MacAddress ${JSON.stringify(MacAddress)}`)
  findings.that('address-kept', Address === '', `it answered Address ${JSON.stringify(Address)}`)
}

function checkJoin(findings: Findings<Id>, joined: WireJoinAnswer, pools: readonly string[]): void {
  const name = linkNameProblem(joined)
  findings.that('link-name', name === undefined, name ?? '')
  const link = joined.InterfaceName?.SrcName ?? ''
  const addresses = name === undefined ? configuredAddresses(link) : undefined
  if (addresses === undefined) findings.skip('link-unconfigured', 'the link is not in this namespace')
  else findings.that('link-unconfigured', addresses.length === 0, `${link} has ${addresses.join(', ')}`)
  const gateway = gatewayProblem(joined, pools)
  findings.that('gateway', gateway === undefined, gateway ?? '')
  if (getsGatewayBridge(joined)) findings.warn('default-route', 'the network has a gateway, yet Join answers none')
  else findings.pass('default-route')
  const route = joined.StaticRoutes.map(routeProblem).find((problem) => problem !== undefined)
  findings.that('routes', route === undefined, route ?? '')
}

function orMissing(findings: Findings<Id>, id: Id, reply: Reply<unknown>): void {
  if (reply.kind === 'refused' && reply.status === 404) findings.pass(id)
  else expectSuccess(findings, id, reply)
}
