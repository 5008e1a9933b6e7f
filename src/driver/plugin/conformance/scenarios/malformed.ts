import { goAny } from '../../go-json.ts'
import type { Findings } from '../check.ts'
import { expectRefusal, expectSuccess, type Scenario, type ScenarioDriver, scenario } from '../scenario.ts'
import type { Subject } from '../subject.ts'

const RULES = {
  'empty-body': [
    'a message without a body is refused',
    'an engine that tries again after a broken connection sends none: success would leave the container without a network',
  ],
  'not-json': ['a body that is no JSON is refused', 'nobody would notice that a message was cut off'],
  'wrong-type': ['an id that is a number is refused', 'nobody would notice that a message was damaged'],
  alive: ['the plugin answers afterwards', 'one bad message ends the networks of this host'],
} as const

/** Messages that cannot be, to each method that needs one. */
function malformed(driver: ScenarioDriver, methods: readonly string[]): Scenario {
  return scenario({
    name: `malformed-${driver}`,
    driver,
    rules: RULES,
    async talk(subject, findings) {
      for (const method of methods) await sendAll(subject, findings, method)
      expectSuccess(findings, 'alive', await subject.call('Plugin.Activate', goAny))
    },
  })
}

async function sendAll(subject: Subject, findings: Findings<keyof typeof RULES>, method: string): Promise<void> {
  const id = method.startsWith('IpamDriver.') ? 'PoolID' : 'NetworkID'
  const named = (text: string) => subject.send(method, goAny, text)
  expectRefusal(findings, 'empty-body', await named(''))
  expectRefusal(findings, 'not-json', await named(`{"${id}":"0`))
  expectRefusal(findings, 'wrong-type', await named(`{"${id}":7,"AddressSpace":7}`))
}

export const MALFORMED_NETWORK = malformed('network', [
  'NetworkDriver.CreateNetwork',
  'NetworkDriver.CreateEndpoint',
  'NetworkDriver.Join',
])

export const MALFORMED_IPAM = malformed('ipam', ['IpamDriver.RequestPool', 'IpamDriver.RequestAddress'])
