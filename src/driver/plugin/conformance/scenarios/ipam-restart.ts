import { MAC_ADDRESS_OPTION } from '../../../ipam/ipam-driver.ts'
import { goAny } from '../../go-json.ts'
import { wireIpamCapabilities } from '../../wire.ts'
import { addressProblem } from '../ipam-rules.ts'
import { GATEWAY_OPTIONS, IpamTalk } from '../ipam-talk.ts'
import { expectSuccess, need, scenario } from '../scenario.ts'

const POOL = '198.18.40.0/24'
const POOL6 = 'fd74:736e:6574:28::/64'

/** An engine that restarts, what the capabilities promise, and IPv6. */
export const IPAM_RESTART = scenario({
  name: 'ipam-restart',
  driver: 'ipam',
  rules: {
    setting: ['a pool and a gateway can be had', '"docker network create" fails'],
    activate: ['Plugin.Activate succeeds again', 'the engine starts without this driver'],
    'replay-pool': [
      'with RequiresRequestReplay, the pool that is requested again is the same',
      'after a restart the addresses of a network are looked for in another pool',
    ],
    'replay-gateway': [
      'with RequiresRequestReplay, the gateway that is requested again is given',
      'after a restart the engine removes the network, or logs that its gateway is not reserved',
    ],
    'still-taken': ['an address in use is not given to another', 'two containers answer to one address'],
    mac: ['with RequiresMACAddress, a request with a MAC is answered', 'containers do not start'],
    ipv6: ['RequestPool of an IPv6 subnet is answered', '"docker network create --ipv6" fails'],
    'ipv6-addresses': ['its addresses are its own, with its mask', 'containers do not start, or are not reached'],
  },
  async talk(subject, findings) {
    const ipam = await IpamTalk.open(subject)
    const answer = await subject.call('IpamDriver.GetCapabilities', wireIpamCapabilities)
    const { RequiresMACAddress, RequiresRequestReplay } =
      answer.kind === 'success' ? answer.value : { RequiresMACAddress: false, RequiresRequestReplay: false }
    const { PoolID } = need(findings, 'setting', await ipam.requestPool({ Pool: POOL }))
    need(findings, 'setting', await ipam.requestAddress(PoolID, '198.18.40.1', GATEWAY_OPTIONS))
    const options = RequiresMACAddress ? { [MAC_ADDRESS_OPTION]: '02:42:c6:12:28:02' } : null
    const first = await ipam.requestAddress(PoolID, '', options)
    if (RequiresMACAddress) expectSuccess(findings, 'mac', first)
    else findings.skip('mac', 'it does not say so')
    const before = need(findings, 'setting', first).Address
    need(findings, 'activate', await subject.call('Plugin.Activate', goAny))
    if (RequiresRequestReplay) await replay()
    else for (const id of ['replay-pool', 'replay-gateway'] as const) findings.skip(id, 'it does not say so')
    const after = need(findings, 'still-taken', await ipam.requestAddress(PoolID, '', options)).Address
    findings.that('still-taken', after !== before, `${after} was given twice`)
    await checkIpv6()

    async function replay(): Promise<void> {
      const again = need(findings, 'replay-pool', await ipam.requestPool({ Pool: POOL })).PoolID
      findings.that('replay-pool', again === PoolID, `first ${PoolID}, then ${again}`)
      expectSuccess(findings, 'replay-gateway', await ipam.requestAddress(again, '198.18.40.1', GATEWAY_OPTIONS))
    }

    async function checkIpv6(): Promise<void> {
      const pool = await ipam.requestPool({ Pool: POOL6, V6: true })
      if (pool.kind === 'refused') return findings.skip('ipv6', `it has no IPv6: ${pool.text}`)
      const { PoolID: id } = need(findings, 'ipv6', pool)
      for (const gateway of [GATEWAY_OPTIONS, options]) {
        const { Address } = need(findings, 'ipv6-addresses', await ipam.requestAddress(id, '', gateway))
        const problem = addressProblem(Address, { pool: POOL6 })
        findings.that('ipv6-addresses', problem === undefined, problem ?? '')
      }
    }
  },
})
