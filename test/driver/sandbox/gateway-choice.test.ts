import { describe, expect, test } from 'vitest'
import { type Attachment, chooseGateways, inGatewayOrder } from '../../../src/driver/sandbox/gateway-choice.ts'

function attached(networkName: string, fields: Partial<Attachment> = {}): Attachment {
  return {
    endpointId: `to-${networkName}`,
    networkName,
    internal: false,
    priority: 0,
    gateway: '10.0.0.1',
    routes: [],
    ...fields,
  }
}

const WITHOUT_GATEWAY = { gateway: undefined } as unknown as Partial<Attachment>
const order = (attachments: readonly Attachment[]) => inGatewayOrder(attachments).map((each) => each.networkName)

describe('the endpoint that is asked first', () => {
  test.each<[string, Attachment[], string[]]>([
    ['is that with the name that comes first', [attached('b'), attached('a')], ['a', 'b']],
    [
      'is that with the higher priority, whatever its name',
      [attached('a'), attached('z', { priority: 1 }), attached('b', { priority: -1 })],
      ['z', 'a', 'b'],
    ],
    [
      'is not docker_gwbridge, though its name comes first',
      [attached('docker_gwbridge'), attached('web')],
      ['web', 'docker_gwbridge'],
    ],
    ['is not internal', [attached('a', { internal: true }), attached('b')], ['b', 'a']],
    ['has a gateway', [attached('a', WITHOUT_GATEWAY), attached('b')], ['b', 'a']],
    [
      'has gateways of both families rather than of one',
      [attached('a'), attached('b', { gatewayIpv6: 'fd00::1' })],
      ['b', 'a'],
    ],
    [
      'may be docker_gwbridge when the other network leads nowhere but has a higher priority: priority is all',
      [attached('docker_gwbridge'), attached('a', { ...WITHOUT_GATEWAY, priority: 2 })],
      ['a', 'docker_gwbridge'],
    ],
  ])('%s', (_, attachments, expected) => {
    expect(order(attachments)).toEqual(expected)
    expect(order([...attachments].reverse())).toEqual(expected)
  })
})

describe('the default routes', () => {
  test('of a sandbox without networks are none', () => {
    expect(chooseGateways([])).toEqual({ ipv4: undefined, ipv6: undefined, externalEndpoint: undefined })
  })

  test('of both families may come from different networks; ports are published by way of IPv4', () => {
    const choice = chooseGateways([attached('a'), attached('b', { ...WITHOUT_GATEWAY, gatewayIpv6: 'fd00::1' })])
    expect(choice).toEqual({
      ipv4: { endpointId: 'to-a', nextHop: '10.0.0.1' },
      ipv6: { endpointId: 'to-b', nextHop: 'fd00::1' },
      externalEndpoint: 'to-a',
    })
  })

  test('a network without IPv4 publishes by way of IPv6', () => {
    const choice = chooseGateways([attached('a', { ...WITHOUT_GATEWAY, gatewayIpv6: 'fd00::1' })])
    expect(choice.externalEndpoint).toBe('to-a')
  })

  test('a static route to everywhere is one, on link where it has no next hop', () => {
    const routes = [{ destination: '0.0.0.0/0' }, { destination: '::/0', nextHop: 'fd00::9' }]
    expect(chooseGateways([attached('l3', { ...WITHOUT_GATEWAY, routes })])).toEqual({
      ipv4: { endpointId: 'to-l3' },
      ipv6: { endpointId: 'to-l3', nextHop: 'fd00::9' },
      externalEndpoint: 'to-l3',
    })
  })

  test('an internal network may have one (Docker 20.10), but publishes no ports', () => {
    const choice = chooseGateways([attached('inner', { internal: true })])
    expect(choice).toMatchObject({ ipv4: { endpointId: 'to-inner' }, externalEndpoint: undefined })
  })
})
