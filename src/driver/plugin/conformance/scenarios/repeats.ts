import { goAny } from '../../go-json.ts'
import { wireEndpointAnswer, wireJoinAnswer } from '../../wire.ts'
import { type Rule, Unmet } from '../check.ts'
import { conversation, removeAfterwards } from '../messages.ts'
import { expectSuccess, need, preferSuccess, scenario } from '../scenario.ts'

const LOST_ANSWER = 'an engine whose connection broke, or a swarm node that restarts, asks again'
const LOGGED = 'the engine logs an error and goes on'

/** Every message twice: an engine cannot know whether the first one arrived. */
export const REPEATS = scenario({
  name: 'repeats',
  driver: 'network',
  rules: {
    setting: ['a network and an endpoint can be made', 'nothing works'],
    'create-network': [
      'CreateNetwork of a network that there is succeeds',
      `${LOST_ANSWER}, and "network create" fails`,
    ],
    'create-endpoint': [
      'CreateEndpoint of an endpoint that there is succeeds',
      `${LOST_ANSWER}, and the container does not start`,
    ],
    join: ['Join of an endpoint that joined succeeds', `${LOST_ANSWER}, and the container does not start`],
    'same-link': ['the second Join names the same link', 'the container gets a link that is connected to nothing'],
    leave: ['Leave of an endpoint that left succeeds', LOGGED],
    'delete-endpoint': ['DeleteEndpoint of an endpoint that is gone succeeds', LOGGED],
    'delete-network': ['DeleteNetwork of a network that is gone succeeds', LOGGED],
  } satisfies Readonly<Record<string, Rule>>,
  async talk(subject, findings) {
    const messages = conversation(subject, 3)
    removeAfterwards(subject, messages)
    const { ids, network, createNetwork, createEndpoint, join } = messages
    const make = () => subject.call('NetworkDriver.CreateNetwork', goAny, createNetwork)
    need(findings, 'setting', await make())
    expectSuccess(findings, 'create-network', await make())
    const attach = () => subject.call('NetworkDriver.CreateEndpoint', wireEndpointAnswer, createEndpoint)
    need(findings, 'setting', await attach())
    expectSuccess(findings, 'create-endpoint', await attach())
    const enter = () => subject.call('NetworkDriver.Join', wireJoinAnswer, join)
    const first = need(findings, 'setting', await enter())
    const second = await enter()
    expectSuccess(findings, 'join', second)
    if (second.kind === 'success') {
      const names = [first, second.value].map(({ InterfaceName }) => InterfaceName?.SrcName ?? '')
      findings.that('same-link', names[0] === names[1], names.join(', then '))
    }
    for (const [id, method, message] of [
      ['leave', 'NetworkDriver.Leave', ids],
      ['delete-endpoint', 'NetworkDriver.DeleteEndpoint', ids],
      ['delete-network', 'NetworkDriver.DeleteNetwork', network],
    ] as const) {
      const once = await subject.call(method, goAny, message)
      if (once.kind !== 'success') throw new Unmet(`${method} failed the first time`)
      preferSuccess(findings, id, await subject.call(method, goAny, message))
    }
  },
})
