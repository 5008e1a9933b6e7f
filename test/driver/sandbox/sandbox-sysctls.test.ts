import { expect, test } from 'vitest'
import { sysctlName } from '../../../src/driver/sandbox/sandbox-sysctls.ts'

test.each([
  ['net.ipv4.ip_forward', 'net/ipv4/ip_forward'],
  ['net/ipv4/conf/eth0.10/forwarding', 'net/ipv4/conf/eth0.10/forwarding'],
  ['net.ipv4.conf.all.rp_filter', 'net/ipv4/conf/all/rp_filter'],
])('%s is the file %s', (name, path) => {
  expect(sysctlName(name)).toBe(path)
})

test.each(['kernel.hostname', 'net', 'net/../kernel/panic', 'net/ipv4/./x', '/net/ipv4/x', 'net.ipv4.a b', ''])(
  '%j is no setting of a sandbox',
  (name) => {
    expect(() => sysctlName(name)).toThrow('only settings below net')
  },
)
