import { goAny, goBool, goStruct } from '../../go-json.ts'
import { wireCapabilities } from '../../wire.ts'
import { conversation } from '../messages.ts'
import { expectSuccess, need, scenario } from '../scenario.ts'

const wireSkip = goStruct({ SkipIPv4: goBool, SkipIPv6: goBool })

export const CAPABILITIES = scenario({
  name: 'capabilities',
  driver: 'network',
  rules: {
    answer: [
      'NetworkDriver.GetCapabilities without a body is answered',
      'the driver is not registered: "could not resolve driver … in registry"',
    ],
    scope: [
      'Scope is "local" or "global"',
      "\"invalid capability: expecting 'local' or 'global'\", and the driver is not registered",
    ],
    'connectivity-scope': [
      'ConnectivityScope is "local", "global" or empty',
      "\"invalid capability: expecting 'local' or 'global'\", and the driver is not registered",
    ],
    'gateway-check': [
      'a plugin that says GwAllocChecker answers GwAllocCheck',
      'engines since 28.0 cannot create a network with it',
    ],
    discovery: [
      'a plugin of global connectivity answers DiscoverNew and DiscoverDelete',
      'in a swarm each node that comes or goes is an error in the log, and the plugin does not know its peers',
    ],
  },
  async talk(subject, findings) {
    const answer = need(findings, 'answer', await subject.call('NetworkDriver.GetCapabilities', wireCapabilities))
    const { Scope, ConnectivityScope, GwAllocChecker } = answer
    findings.that('scope', isScope(Scope), `it is ${JSON.stringify(Scope)}`)
    const hasConnectivity = ConnectivityScope === '' || isScope(ConnectivityScope)
    findings.that('connectivity-scope', hasConnectivity, `it is ${JSON.stringify(ConnectivityScope)}`)
    if (GwAllocChecker) {
      const message = conversation(subject, 0).createNetwork
      expectSuccess(findings, 'gateway-check', await subject.call('NetworkDriver.GwAllocCheck', wireSkip, message))
    } else findings.skip('gateway-check', 'it does not say so')
    if ((ConnectivityScope || Scope) !== 'global') return findings.skip('discovery', 'its connectivity is local')
    const peer = { DiscoveryType: 1, DiscoveryData: { Address: '198.18.255.1', BindAddress: '', Self: false } }
    for (const method of ['NetworkDriver.DiscoverNew', 'NetworkDriver.DiscoverDelete']) {
      expectSuccess(findings, 'discovery', await subject.call(method, goAny, peer))
    }
  },
})

function isScope(text: string): boolean {
  return text === 'local' || text === 'global'
}
