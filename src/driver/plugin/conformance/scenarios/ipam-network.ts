import { addressProblem } from '../ipam-rules.ts'
import { GATEWAY_OPTIONS, IpamTalk, plainOf } from '../ipam-talk.ts'
import { expectRefusal, expectSuccess, need, scenario } from '../scenario.ts'

const POOL = '198.18.10.0/24'
const RANGE = '198.18.10.64/26'

/** `network create --subnet … --gateway … --ip-range … --aux-address …`, then containers with and without `--ip`. */
export const IPAM_NETWORK = scenario({
  name: 'ipam-network',
  driver: 'ipam',
  rules: {
    pool: ['RequestPool of a subnet with a range succeeds', '"docker network create" fails'],
    'pool-id': ['the answer has a PoolID', 'all that is asked later goes to the pool ""'],
    'pool-kept': [
      'the pool is the subnet that was asked for, not the range',
      'the network has another subnet than the user said',
    ],
    gateway: ['RequestAddress of the gateway gives it, with the mask of the pool', '"docker network create" fails'],
    auxiliary: ['RequestAddress of an auxiliary address gives it', '"docker network create" fails'],
    dynamic: [
      'an address of no name comes from the range, with the mask of the pool',
      'the container does not start: "no IP address was returned", "invalid CIDR", or it is not reached',
    ],
    different: ['two containers get two addresses', 'two containers answer to one address'],
    static: ['an address that is named is given', 'the container with --ip does not start'],
    taken: ['an address that is taken is refused', 'two containers answer to one address'],
    outside: ['an address outside of the pool is refused', 'a container with such an --ip starts and reaches nobody'],
    release: ['ReleaseAddress succeeds', 'the engine logs an error and goes on: the address stays taken'],
    reuse: ['an address that was given back can be had again', 'the container with --ip does not start a second time'],
    'release-pool': ['ReleasePool succeeds', 'the engine logs an error and goes on: the pool stays taken'],
  },
  async talk(subject, findings) {
    const ipam = await IpamTalk.open(subject)
    const { PoolID, Pool } = need(findings, 'pool', await ipam.requestPool({ Pool: POOL, SubPool: RANGE }))
    findings.that('pool-id', PoolID !== '', 'it is empty')
    findings.that('pool-kept', Pool === POOL, `it is ${JSON.stringify(Pool)}`)
    const check = (id: 'gateway' | 'auxiliary' | 'dynamic' | 'static', answered: string, rules: object) => {
      const problem = addressProblem(answered, { pool: POOL, ...rules })
      findings.that(id, problem === undefined, problem ?? '')
    }
    const gateway = await ipam.requestAddress(PoolID, '198.18.10.1', GATEWAY_OPTIONS)
    check('gateway', need(findings, 'gateway', gateway).Address, { wanted: '198.18.10.1' })
    const auxiliary = await ipam.requestAddress(PoolID, '198.18.10.5')
    check('auxiliary', need(findings, 'auxiliary', auxiliary).Address, { wanted: '198.18.10.5' })
    const given: string[] = []
    for (const _ of [1, 2, 3]) {
      const { Address } = need(findings, 'dynamic', await ipam.requestAddress(PoolID))
      check('dynamic', Address, { range: RANGE })
      given.push(Address)
    }
    findings.that('different', new Set(given).size === given.length, given.join(', '))
    const named = await ipam.requestAddress(PoolID, '198.18.10.200')
    check('static', need(findings, 'static', named).Address, { wanted: '198.18.10.200' })
    for (const address of ['198.18.10.200', '198.18.10.5', plainOf(given[0] ?? '')]) {
      expectRefusal(findings, 'taken', await ipam.requestAddress(PoolID, address))
    }
    expectRefusal(findings, 'outside', await ipam.requestAddress(PoolID, '198.18.11.9'))
    expectSuccess(findings, 'release', await ipam.releaseAddress(PoolID, '198.18.10.200'))
    expectSuccess(findings, 'reuse', await ipam.requestAddress(PoolID, '198.18.10.200'))
    expectSuccess(findings, 'release-pool', await ipam.releasePool(PoolID))
  },
})
