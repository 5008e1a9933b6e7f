import { goAny } from '../../go-json.ts'
import { isMac } from '../../mac.ts'
import { wireEndpointAnswer, wireJoinAnswer } from '../../wire.ts'
import { Unmet } from '../check.ts'
import { gatewayProblem } from '../join-rules.ts'
import { conversation, removeAfterwards } from '../messages.ts'
import { need, scenario } from '../scenario.ts'

const MODIFIED = 'the container does not start: "driver modified interface address … Cannot be modified"'

/** A network of both families and a container whose MAC is the driver's choice. */
export const IPV6 = scenario({
  name: 'ipv6',
  driver: 'network',
  rules: {
    'create-network': [
      'CreateNetwork with an IPv6 subnet is answered',
      '"docker network create --ipv6" fails, or is taken for done when it is not',
    ],
    'create-endpoint': ['CreateEndpoint with both addresses and no MAC succeeds', 'the container does not start'],
    'addresses-kept': ['the addresses that were given are not answered, not even unchanged', MODIFIED],
    'mac-valid': ['a MAC that the driver chooses is one', 'the container does not start: "invalid MAC address"'],
    gateway: [
      'Join answers plain gateways of their family on the link',
      'the container does not start: "invalid gateway", or "network is unreachable"',
    ],
  },
  async talk(subject, findings) {
    const messages = conversation(subject, 2, { ipv6: true })
    removeAfterwards(subject, messages)
    const created = await subject.call('NetworkDriver.CreateNetwork', goAny, messages.createNetwork)
    if (created.kind === 'refused') {
      findings.skip('create-network', `it has no IPv6: ${created.text}`)
      throw new Unmet('the driver has no IPv6')
    }
    need(findings, 'create-network', created)
    const endpoint = await subject.call(
      'NetworkDriver.CreateEndpoint',
      wireEndpointAnswer,
      messages.createDynamicEndpoint,
    )
    const {
      Address = '',
      AddressIPv6 = '',
      MacAddress = '',
    } = need(findings, 'create-endpoint', endpoint).Interface ?? {}
    findings.that('addresses-kept', Address + AddressIPv6 === '', `it answered ${[Address, AddressIPv6].join(' ')}`)
    findings.that('mac-valid', MacAddress === '' || isMac(MacAddress), `it answered ${JSON.stringify(MacAddress)}`)
    const joined = need(findings, 'gateway', await subject.call('NetworkDriver.Join', wireJoinAnswer, messages.join))
    const problem = gatewayProblem(joined, messages.pools)
    findings.that('gateway', problem === undefined, problem ?? '')
  },
})
