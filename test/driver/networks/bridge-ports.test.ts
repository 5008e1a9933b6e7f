import { describe, expect, test } from 'vitest'
import { bridgeSettings } from '../../../src/driver/networks/bridge/bridge-settings.ts'
import { type Publisher, planPorts } from '../../../src/driver/networks/bridge/port-plan.ts'
import { FALLBACK_RANGE, PortChoice, parsePortRange } from '../../../src/driver/ports/port-choice.ts'
import { PortClaims } from '../../../src/driver/ports/port-claims.ts'
import { binding, networkConfig } from './bridge-build.ts'

describe('claims on ports of the host', () => {
  const claim = (hostAddress: string, protocol: 'tcp' | 'udp' = 'tcp') => ({ protocol, hostAddress, hostPort: 80 })

  test.each([
    ['the same address', '192.0.2.1', '192.0.2.1', false],
    ['another address', '192.0.2.1', '192.0.2.2', true],
    ['every address and one of them', '0.0.0.0', '192.0.2.1', false],
    ['one address and every one', '192.0.2.1', '0.0.0.0', false],
    ['every IPv4 and every IPv6 address', '0.0.0.0', '::', true],
    ['every IPv6 address and one of them', '::', '2001:db8::1', false],
  ])('%s', (_, taken, wanted, free) => {
    const claims = new PortClaims()
    claims.claim(claim(taken))
    expect(claims.isFree(claim(wanted))).toBe(free)
    expect(claims.isFree({ ...claim(wanted), protocol: 'udp' })).toBe(true)
    claims.release(claim(taken))
    expect(claims.isFree(claim(wanted))).toBe(true)
  })
})

describe('which port is tried next', () => {
  const any = { protocol: 'tcp', hostPort: 0, hostPortEnd: 0 } as const
  const firstOf = (choice: PortChoice): number | undefined => [...choice.candidates(any, [10, 12])][0]

  test('the one that was named, or those of a range', () => {
    const choice = new PortChoice()
    expect([...choice.candidates({ protocol: 'tcp', hostPort: 80, hostPortEnd: 80 }, [1, 9])]).toEqual([80])
    expect([...choice.candidates({ protocol: 'tcp', hostPort: 80, hostPortEnd: 82 }, [1, 9])]).toEqual([80, 81, 82])
  })

  test('of any, the one behind the last, and all of them once', () => {
    const choice = new PortChoice()
    expect([...choice.candidates(any, [10, 12])]).toEqual([10, 11, 12])
    const take = (): number => {
      for (const port of choice.candidates(any, [10, 12])) return port
      return 0
    }
    expect([take(), take(), take(), take()]).toEqual([10, 11, 12, 10])
    expect(firstOf(new PortChoice())).toBe(10)
  })

  test.each([
    ['32768\t60999\n', [32768, 60999]],
    ['', FALLBACK_RANGE],
    ['rubbish', FALLBACK_RANGE],
    ['9 3', FALLBACK_RANGE],
    [undefined, FALLBACK_RANGE],
  ] as const)('the range %j of the kernel', (text, range) => {
    expect(parsePortRange(text)).toEqual(range)
  })
})

describe('where a port is published', () => {
  const publisher = (options: Partial<Publisher>, settings: Parameters<typeof networkConfig>[0] = {}): Publisher => ({
    settings: bridgeSettings(networkConfig({ subnet: '10.1.0.0/24', ...settings })),
    ipv4: '10.1.0.2',
    hasProxy: false,
    ...options,
  })
  const ways = (text: string, at: Publisher) =>
    planPorts([binding(text)], at).requests.flatMap((request) =>
      request.ways.map(({ hostAddress, containerAddress }) => `${hostAddress} > ${containerAddress}`),
    )

  test.each([
    ['an IPv4 container', '80:80', publisher({}), ['0.0.0.0 > 10.1.0.2']],
    [
      'an IPv4 container behind a proxy',
      '80:80',
      publisher({ hasProxy: true }),
      ['0.0.0.0 > 10.1.0.2', ':: > 10.1.0.2'],
    ],
    ['both families', '80:80', publisher({ ipv6: 'fd00::2' }), ['0.0.0.0 > 10.1.0.2', ':: > fd00::2']],
    ['an address of the host', '127.0.0.1:80:80', publisher({ hasProxy: true }), ['127.0.0.1 > 10.1.0.2']],
    ['an IPv6 address of the host', '::1:80:80', publisher({ ipv6: 'fd00::2' }), ['::1 > fd00::2']],
    ['an IPv6 address and a proxy', '::1:80:80', publisher({ hasProxy: true }), ['::1 > 10.1.0.2']],
    [
      "the network's own binding address",
      '80:80',
      publisher({ ipv6: 'fd00::2' }, { options: { 'bridge.host_binding_ipv4': '192.0.2.9' } }),
      ['192.0.2.9 > 10.1.0.2'],
    ],
  ])('%s', (_, text, at, expected) => {
    expect(ways(text, at)).toEqual(expected)
  })

  test('a routed network takes no port of the host', () => {
    const at = publisher({ hasProxy: true }, { options: { 'bridge.gateway_mode_ipv4': 'routed' } })
    expect(planPorts([binding('80:90/udp')], at)).toEqual({
      requests: [],
      opened: [
        { protocol: 'udp', hostAddress: '0.0.0.0', hostPort: 0, containerAddress: '10.1.0.2', containerPort: 90 },
      ],
    })
  })

  test.each(['70000:80', '90-80:80', '80:0'])('ports that cannot be are refused: %s', (text) => {
    expect(() => ways(text, publisher({}))).toThrow(/cannot be/)
  })

  test('what is no address is refused, and another way to write one is not another address', () => {
    const wanted = (hostAddress: string) =>
      planPorts([{ ...binding('80:80'), hostAddress }], publisher({ ipv6: 'fd00::2' }))
    expect(() => wanted('127.0.0.1 -j ACCEPT')).toThrow(/not an IP address/)
    expect(wanted('2001:DB8:0::1').requests[0]?.ways[0]?.hostAddress).toBe('2001:db8::1')
  })

  test('a family that the container has not is refused', () => {
    expect(() => ways('::1:80:80', publisher({}))).toThrow(/no address that it can lead to/)
  })
})
