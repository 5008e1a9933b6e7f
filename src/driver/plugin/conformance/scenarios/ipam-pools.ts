import { overlaps, parseCidr } from '../../../ipam/cidr.ts'
import { IpamTalk } from '../ipam-talk.ts'
import { isCidr } from '../join-rules.ts'
import { expectRefusal, expectSuccess, need, preferRefusal, preferSuccess, scenario } from '../scenario.ts'

const POOL = '198.18.20.0/24'

/** Which pools are the same, which exclude each other, and when one is gone. */
export const IPAM_POOLS = scenario({
  name: 'ipam-pools',
  driver: 'ipam',
  rules: {
    pool: ['RequestPool succeeds', '"docker network create" fails'],
    same: [
      'the same request gives the same PoolID',
      'after a restart, or in a swarm, addresses are looked for in another pool',
    ],
    counted: [
      'a pool that was requested twice is there until it was released twice',
      'the removal of one network takes the addresses of another',
    ],
    gone: ['a pool that was released is gone', 'the removed network’s addresses stay taken'],
    overlap: ['a pool that overlaps another is refused', 'two networks of one host have the same addresses'],
    'part-alone': ['a range without its subnet is refused', 'the network has a subnet that nobody asked for'],
    unknown: ['RequestAddress of an unknown pool is refused', 'the container starts with an address that is nobody’s'],
    'release-unknown': ['ReleasePool of an unknown pool is answered', 'the engine logs an error and goes on'],
    default: ['a pool that nobody named is a CIDR', '"docker network create" without --subnet fails'],
    'default-other': ['the next one does not overlap it', 'two networks of one host have the same addresses'],
  },
  async talk(subject, findings) {
    const ipam = await IpamTalk.open(subject)
    const first = need(findings, 'pool', await ipam.requestPool({ Pool: POOL }))
    const second = need(findings, 'pool', await ipam.requestPool({ Pool: POOL }))
    findings.that('same', first.PoolID === second.PoolID, `first ${first.PoolID}, then ${second.PoolID}`)
    preferRefusal(findings, 'overlap', await ipam.requestPool({ Pool: '198.18.20.128/25' }))
    need(findings, 'pool', await ipam.releasePool(first.PoolID))
    expectSuccess(findings, 'counted', await ipam.requestAddress(second.PoolID))
    need(findings, 'pool', await ipam.releasePool(second.PoolID))
    preferRefusal(findings, 'gone', await ipam.requestAddress(second.PoolID))
    expectRefusal(findings, 'part-alone', await ipam.requestPool({ SubPool: '198.18.21.0/25' }))
    expectRefusal(findings, 'unknown', await ipam.requestAddress('no/such/pool'))
    preferSuccess(findings, 'release-unknown', await ipam.releasePool('no/such/pool'))
    await checkDefaults()

    async function checkDefaults(): Promise<void> {
      const chosen = await ipam.requestPool({})
      if (chosen.kind === 'refused') return findings.warn('default', chosen.text)
      const one = need(findings, 'default', chosen).Pool
      if (!findings.that('default', isCidr(one), `it is ${JSON.stringify(one)}`)) return
      const next = await ipam.requestPool({})
      if (next.kind === 'refused') return findings.skip('default-other', `there is no other: ${next.text}`)
      const other = need(findings, 'default-other', next).Pool
      const isApart = isCidr(other) && (other === '0.0.0.0/0' || !overlaps(parseCidr(one), parseCidr(other)))
      findings.that('default-other', isApart, `first ${one}, then ${other}`)
    }
  },
})
