import { goAny } from '../../go-json.ts'
import { wireCapabilities, wireEndpointInfo, wireManifest } from '../../wire.ts'
import { conversation, removeAfterwards } from '../messages.ts'
import { expectSuccess, need, scenario } from '../scenario.ts'

/** An engine that restarts while a container goes on (live restore): it activates again and goes on where it was. */
export const ENGINE_RESTART = scenario({
  name: 'engine-restart',
  driver: 'network',
  rules: {
    setting: ['a network and an endpoint can be made', 'nothing works'],
    activate: ['Plugin.Activate succeeds again', 'the engine does not start, or without this driver'],
    capabilities: ['GetCapabilities says the same again', 'networks of another scope are refused by the engine'],
    info: ['the endpoint is still there', 'containers that went on lose their network at the next change'],
    end: ['Leave and DeleteEndpoint succeed', 'what the plugin holds, stays'],
    'next-endpoint': [
      'another endpoint can be made in the network',
      'containers do not start until the network is made anew',
    ],
  },
  async talk(subject, findings) {
    const messages = conversation(subject, 6)
    removeAfterwards(subject, messages)
    const { createNetwork, createEndpoint, join, ids } = messages
    const capabilities = () => subject.call('NetworkDriver.GetCapabilities', wireCapabilities)
    const before = need(findings, 'setting', await capabilities())
    need(findings, 'setting', await subject.call('NetworkDriver.CreateNetwork', goAny, createNetwork))
    need(findings, 'setting', await subject.call('NetworkDriver.CreateEndpoint', goAny, createEndpoint))
    need(findings, 'setting', await subject.call('NetworkDriver.Join', goAny, join))
    need(findings, 'activate', await subject.call('Plugin.Activate', wireManifest))
    const after = need(findings, 'capabilities', await capabilities())
    findings.that('capabilities', after.Scope === before.Scope, `first ${before.Scope}, then ${after.Scope}`)
    expectSuccess(findings, 'info', await subject.call('NetworkDriver.EndpointOperInfo', wireEndpointInfo, ids))
    expectSuccess(findings, 'end', await subject.call('NetworkDriver.Leave', goAny, ids))
    expectSuccess(findings, 'end', await subject.call('NetworkDriver.DeleteEndpoint', goAny, ids))
    const again = { ...createEndpoint, EndpointID: ids.EndpointID.replace(/./g, 'a') }
    subject.afterwards('NetworkDriver.DeleteEndpoint', { ...ids, EndpointID: again.EndpointID })
    expectSuccess(findings, 'next-endpoint', await subject.call('NetworkDriver.CreateEndpoint', goAny, again))
  },
})
