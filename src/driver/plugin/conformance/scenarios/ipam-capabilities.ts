import { wireAddressSpaces, wireIpamCapabilities } from '../../wire.ts'
import { need, scenario } from '../scenario.ts'

export const IPAM_CAPABILITIES = scenario({
  name: 'ipam-capabilities',
  driver: 'ipam',
  rules: {
    answer: [
      'IpamDriver.GetCapabilities without a body is answered, or with 404',
      'the engine takes it for a driver of old that has none',
    ],
    spaces: ['IpamDriver.GetDefaultAddressSpaces without a body is answered', 'the driver is not registered'],
    'space-names': ['both address spaces have a name', 'pools are asked for in the address space ""'],
  },
  async talk(subject, findings) {
    const answer = await subject.call('IpamDriver.GetCapabilities', wireIpamCapabilities)
    if (answer.kind === 'refused') {
      if (answer.status === 404) findings.pass('answer')
      else findings.warn('answer', answer.text)
    } else need(findings, 'answer', answer)
    const spaces = need(findings, 'spaces', await subject.call('IpamDriver.GetDefaultAddressSpaces', wireAddressSpaces))
    const { LocalDefaultAddressSpace: local, GlobalDefaultAddressSpace: global } = spaces
    findings.that('space-names', local !== '' && global !== '', `they are ${JSON.stringify([local, global])}`)
  },
})
