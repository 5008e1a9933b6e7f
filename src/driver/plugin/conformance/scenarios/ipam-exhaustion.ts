import { addressProblem } from '../ipam-rules.ts'
import { GATEWAY_OPTIONS, IpamTalk, plainOf } from '../ipam-talk.ts'
import { need, scenario } from '../scenario.ts'

const POOL = '198.18.30.0/29'
/** Six addresses, one of them the gateway. */
const MOST = 5

/** A pool to its last address. */
export const IPAM_EXHAUSTION = scenario({
  name: 'ipam-exhaustion',
  driver: 'ipam',
  rules: {
    pool: ['RequestPool of a /29 succeeds', '"docker network create" fails'],
    gateway: ['a gateway that nobody named is an address of the pool', '"docker network create" fails'],
    addresses: ['each address is one of the pool', 'the container does not start, or is not reached'],
    different: ['no address is given twice, and the gateway’s never', 'two containers answer to one address'],
    complete: ['every address of the pool is given', 'a network holds fewer containers than it says'],
    end: [
      'when there is none left, RequestAddress is refused',
      'the container does not start, and instead of the reason it says "no IP address was returned" or "invalid CIDR"',
    ],
  },
  async talk(subject, findings) {
    const ipam = await IpamTalk.open(subject)
    const { PoolID } = need(findings, 'pool', await ipam.requestPool({ Pool: POOL }))
    const gateway = need(findings, 'gateway', await ipam.requestAddress(PoolID, '', GATEWAY_OPTIONS)).Address
    const wrong = addressProblem(gateway, { pool: POOL })
    findings.that('gateway', wrong === undefined, wrong ?? '')
    const given = [plainOf(gateway)]
    for (;;) {
      const reply = await ipam.requestAddress(PoolID)
      if (reply.kind === 'refused') break
      const { Address } = need(findings, reply.kind === 'success' ? 'addresses' : 'end', reply)
      if (Address === '') return findings.fail('end', 'the answer has neither an address nor an error')
      const problem = addressProblem(Address, { pool: POOL })
      findings.that('addresses', problem === undefined, problem ?? '')
      if (!findings.that('different', !given.includes(plainOf(Address)), `${Address} was given twice`)) return
      given.push(plainOf(Address))
      if (given.length > MOST + 1) return findings.fail('end', `${given.length} addresses of a ${POOL}`)
    }
    findings.pass('end')
    findings.that('complete', given.length === MOST + 1, `${given.length - 1} of ${MOST}`)
  },
})
