import { goAny } from '../../go-json.ts'
import { conversation, removeAfterwards } from '../messages.ts'
import { expectRefusal, need, preferRefusal, preferSuccess, scenario } from '../scenario.ts'

const LEFTOVER =
  'after a crash the engine removes what it remembers; an error is logged, a plugin that breaks stays broken'

/** Ids that the plugin has never heard of, and messages in another order than usual. */
export const STRANGERS = scenario({
  name: 'strangers',
  driver: 'network',
  rules: {
    'create-endpoint': [
      'CreateEndpoint in an unknown network is refused',
      'the container starts with an interface that belongs to nothing',
    ],
    join: ['Join of an unknown endpoint is refused', 'the container starts with an interface that belongs to nothing'],
    leave: ['Leave of an unknown endpoint is answered', LEFTOVER],
    'delete-endpoint': ['DeleteEndpoint of an unknown endpoint is answered', LEFTOVER],
    'delete-network': ['DeleteNetwork of an unknown network is answered', LEFTOVER],
    setting: ['a network and an endpoint can be made', 'nothing works'],
    'leave-first': ['Leave of an endpoint that did not join is answered', LEFTOVER],
    'delete-joined': [
      'DeleteEndpoint of an endpoint that did not leave succeeds',
      'after "kill -9" of the engine its endpoints are deleted so; what the plugin holds, stays',
    ],
  },
  async talk(subject, findings) {
    const unknown = conversation(subject, 4)
    // not preferSuccess alone: whatever a careless plugin has made of the strangers must go
    removeAfterwards(subject, unknown)
    const attach = await subject.call('NetworkDriver.CreateEndpoint', goAny, unknown.createEndpoint)
    preferRefusal(findings, 'create-endpoint', attach)
    const never = conversation(subject, 4)
    removeAfterwards(subject, never)
    expectRefusal(findings, 'join', await subject.call('NetworkDriver.Join', goAny, never.join))
    preferSuccess(findings, 'leave', await subject.call('NetworkDriver.Leave', goAny, never.ids))
    preferSuccess(findings, 'delete-endpoint', await subject.call('NetworkDriver.DeleteEndpoint', goAny, never.ids))
    preferSuccess(findings, 'delete-network', await subject.call('NetworkDriver.DeleteNetwork', goAny, never.network))
    const known = conversation(subject, 5)
    removeAfterwards(subject, known)
    need(findings, 'setting', await subject.call('NetworkDriver.CreateNetwork', goAny, known.createNetwork))
    need(findings, 'setting', await subject.call('NetworkDriver.CreateEndpoint', goAny, known.createEndpoint))
    preferSuccess(findings, 'leave-first', await subject.call('NetworkDriver.Leave', goAny, known.ids))
    need(findings, 'setting', await subject.call('NetworkDriver.Join', goAny, known.join))
    preferSuccess(findings, 'delete-joined', await subject.call('NetworkDriver.DeleteEndpoint', goAny, known.ids))
  },
})
