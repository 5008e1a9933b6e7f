import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { binding, networkConfig } from '../../driver/networks/bridge-build.ts'
import { BridgeWorld, OUTSIDE, removeAll } from './bridge-world.ts'

let world: BridgeWorld

beforeEach(async () => {
  world = await BridgeWorld.open()
})

afterEach(() => world.close())

describe.each([
  { layout: 'docker28', backend: 'iptables' },
  { layout: 'docker20', backend: 'iptables' },
  { layout: 'docker28', backend: 'nft' },
  { layout: 'docker20', backend: 'nft' },
] as const)('rules of $layout by $backend', (firewall) => {
  test('packets go where they shall, and nothing is left afterwards', async () => {
    const before = await world.state()
    const driver = world.driver(firewall)
    const front = networkConfig({ subnet: '10.1.0.0/24' })
    const back = networkConfig({ subnet: '10.2.0.0/24' })
    await driver.createNetwork(front)
    await driver.createNetwork(back)
    const made = [
      await world.container(driver, front, {
        name: 'web',
        address: '10.1.0.2/24',
        ports: [binding('8080:80'), binding('8053:53/udp'), binding('127.0.0.1:8081:80')],
        listen: ['tcp 80', 'udp 53', 'tcp 90'],
      }),
      await world.container(driver, front, { name: 'peer', address: '10.1.0.3/24', moved: true }),
      await world.container(driver, back, { name: 'other', address: '10.2.0.2/24' }),
    ]
    await world.serveTcp('out', 443)

    // the way out, with the address of the host
    expect(await world.reach('web', OUTSIDE.peer, 443)).toBe(`out ${OUTSIDE.host}`)
    // inside one network, and to the host's own address in it
    expect(await world.reach('peer', '10.1.0.2', 80)).toBe('web 10.1.0.3')
    // published ports: from outside, from the host, from its loopback address
    expect(await world.reach('out', OUTSIDE.host, 8080)).toBe(`web ${OUTSIDE.peer}`)
    expect(await world.reach('out', OUTSIDE.host, 8053, { protocol: 'udp' })).toBe(`web ${OUTSIDE.peer}`)
    expect(await world.reach('h1', OUTSIDE.host, 8080)).toMatch(/^web /)
    expect(await world.reach('h1', '127.0.0.1', 8080)).toMatch(/^web /)
    expect(await world.reach('h1', '127.0.0.1', 8081)).toMatch(/^web /)
    expect(await world.reach('out', OUTSIDE.host, 8081, { silent: true })).toBeUndefined()
    // to oneself by way of the host, and from a neighbour in the network
    expect(await world.reach('web', OUTSIDE.host, 8080)).toBe('web 10.1.0.1')
    expect(await world.reach('peer', OUTSIDE.host, 8080)).toMatch(/^web /)
    // networks are kept apart, in both directions
    expect(await world.reach('other', '10.1.0.2', 80, { silent: true })).toBeUndefined()
    expect(await world.reach('web', '10.2.0.2', 80, { silent: true })).toBeUndefined()
    // what is not published is not reached from outside, even by a neighbour that knows the way
    await world.ip('out', `route add 10.1.0.0/24 via ${OUTSIDE.host}`)
    expect(await world.reach('out', '10.1.0.2', 90, { silent: true })).toBeUndefined()
    const direct = await world.reach('out', '10.1.0.2', 80, { silent: firewall.layout === 'docker28' })
    expect(direct).toBe(firewall.layout === 'docker28' ? undefined : `web ${OUTSIDE.peer}`)

    await removeAll(driver, [front, back], made)
    expect(await world.state()).toBe(before)
  })

  test('containers that may not talk to each other do not, but reach the outside and are reached on their ports', async () => {
    const before = await world.state()
    const driver = world.driver(firewall)
    const network = networkConfig({ subnet: '10.1.0.0/24', options: { 'bridge.enable_icc': 'false' } })
    await driver.createNetwork(network)
    const made = [
      await world.container(driver, network, { name: 'a', address: '10.1.0.2/24', ports: [binding('8080:80')] }),
      await world.container(driver, network, { name: 'b', address: '10.1.0.3/24' }),
    ]
    await world.serveTcp('out', 443)
    expect(await world.reach('b', '10.1.0.2', 80, { silent: true })).toBeUndefined()
    expect(await world.reach('b', OUTSIDE.peer, 443)).toBe(`out ${OUTSIDE.host}`)
    expect(await world.reach('out', OUTSIDE.host, 8080)).toBe(`a ${OUTSIDE.peer}`)
    await removeAll(driver, [network], made)
    expect(await world.state()).toBe(before)
  })

  test('an internal network has no way out or in, except to the host', async () => {
    const before = await world.state()
    const driver = world.driver(firewall)
    const network = networkConfig({ subnet: '10.1.0.0/24', internal: true })
    const front = networkConfig({ subnet: '10.2.0.0/24' })
    await driver.createNetwork(front)
    await driver.createNetwork(network)
    const made = [
      await world.container(driver, network, { name: 'a', address: '10.1.0.2/24' }),
      await world.container(driver, network, { name: 'b', address: '10.1.0.3/24' }),
      await world.container(driver, front, { name: 'c', address: '10.2.0.2/24' }),
    ]
    await world.serveTcp('out', 443)
    // whatever the container itself believes about its routes
    await world.run('a', 'ip', ['route', 'replace', 'default', 'via', '10.1.0.1'])
    await world.ip('out', `route add 10.1.0.0/24 via ${OUTSIDE.host}`)
    expect(await world.reach('b', '10.1.0.2', 80)).toBe('a 10.1.0.3')
    expect(await world.reach('h1', '10.1.0.2', 80)).toBe('a 10.1.0.1')
    expect(await world.reach('a', OUTSIDE.peer, 443, { silent: true })).toBeUndefined()
    expect(await world.reach('a', '10.2.0.2', 80, { silent: true })).toBeUndefined()
    expect(await world.reach('c', '10.1.0.2', 80, { silent: true })).toBeUndefined()
    expect(await world.reach('out', '10.1.0.2', 80, { silent: true })).toBeUndefined()
    await removeAll(driver, [network, front], made)
    expect(await world.state()).toBe(before)
  })

  test('IPv6 is translated like IPv4, or routed with only the published ports open', async () => {
    const before = await world.state()
    const driver = world.driver(firewall)
    const nat = networkConfig({ subnet: '10.1.0.0/24', subnet6: 'fd00:1::/64' })
    const routed = networkConfig({ subnet6: 'fd00:2::/64', options: { 'bridge.gateway_mode_ipv6': 'routed' } })
    await driver.createNetwork(nat)
    await driver.createNetwork(routed)
    const made = [
      await world.container(driver, nat, {
        name: 'a',
        address: '10.1.0.2/24',
        addressIpv6: 'fd00:1::2/64',
        ports: [binding('8080:80')],
      }),
      await world.container(driver, routed, {
        name: 'b',
        addressIpv6: 'fd00:2::2/64',
        ports: [binding('8080:80')],
        listen: ['tcp 80', 'tcp 90'],
      }),
    ]
    await world.serveTcp('out', 443)
    expect(await world.reach('a', OUTSIDE.peer6, 443)).toBe(`out ${OUTSIDE.host6}`)
    expect(await world.reach('out', OUTSIDE.host6, 8080)).toBe(`a ${OUTSIDE.peer6}`)
    expect(await world.reach('out', OUTSIDE.host, 8080)).toBe(`a ${OUTSIDE.peer}`)
    expect(await world.reach('h1', OUTSIDE.host6, 8080)).toMatch(/^a /)
    await world.ip('out', `route add fd00:2::/64 via ${OUTSIDE.host6}`)
    expect(await world.reach('b', OUTSIDE.peer6, 443)).toBe('out fd00:2::2')
    expect(await world.reach('out', 'fd00:2::2', 80)).toBe(`b ${OUTSIDE.peer6}`)
    expect(await world.reach('out', 'fd00:2::2', 90, { silent: true })).toBeUndefined()
    await removeAll(driver, [nat, routed], made)
    expect(await world.state()).toBe(before)
  })
})
