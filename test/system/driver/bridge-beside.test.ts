import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { binding, networkConfig } from '../../driver/networks/bridge-build.ts'
import { BridgeWorld, OUTSIDE, removeAll } from './bridge-world.ts'

let world: BridgeWorld

beforeEach(async () => {
  world = await BridgeWorld.open()
})

afterEach(() => world.close())

/**
 * The rules of an engine 28, which there is none of here, are put by a driver of ours with its names: test/docker has
 * the same with a real engine 20.10.
 */
describe.each(['docker28', 'docker20'] as const)('networks with rules of %s beside those of an engine 28', (layout) => {
  test('are apart from them in both directions and both families, and reach published ports', async () => {
    const untouched = await world.state()
    const engine = world.driver({ layout: 'docker28' }, undefined, 'tsnet:engine')
    const theirs = networkConfig({ subnet: '10.1.0.0/24', subnet6: 'fd00:1::/64' })
    await engine.createNetwork(theirs)
    const their = await world.container(engine, theirs, {
      name: 'their',
      address: '10.1.0.2/24',
      addressIpv6: 'fd00:1::2/64',
      ports: [binding('18080:80')],
      listen: ['tcp 80', 'tcp 90'],
    })
    const before = await world.state()
    const comment = 'tsnet:beside'
    const driver = world.driver({ layout, chainPrefix: 'TSNET', comment }, undefined, comment)
    const ours = networkConfig({ subnet: '10.2.0.0/24', subnet6: 'fd00:2::/64' })
    await driver.createNetwork(ours)
    const our = await world.container(driver, ours, {
      name: 'our',
      address: '10.2.0.2/24',
      addressIpv6: 'fd00:2::2/64',
      ports: [binding('28080:80')],
      listen: ['tcp 80', 'tcp 90'],
    })
    await world.serveTcp('out', 443)
    const check = async (): Promise<void> => {
      for (const name of ['our', 'their']) {
        expect(await world.reach(name, OUTSIDE.peer, 443)).toBe(`out ${OUTSIDE.host}`)
        expect(await world.reach(name, OUTSIDE.peer6, 443)).toBe(`out ${OUTSIDE.host6}`)
      }
      expect(await world.reach('out', OUTSIDE.host, 28080)).toBe(`our ${OUTSIDE.peer}`)
      expect(await world.reach('out', OUTSIDE.host6, 18080)).toBe(`their ${OUTSIDE.peer6}`)
      expect(await world.reach('our', OUTSIDE.host, 18080)).toMatch(/^their /)
      expect(await world.reach('their', OUTSIDE.host, 28080)).toMatch(/^our /)
      for (const [from, to, to6] of [
        ['our', '10.1.0.2', 'fd00:1::2'],
        ['their', '10.2.0.2', 'fd00:2::2'],
      ] as const) {
        expect(await world.reach(from, to, 90, { silent: true })).toBeUndefined()
        expect(await world.reach(from, to6, 90, { silent: true })).toBeUndefined()
      }
    }
    await check()
    // as an engine does when it starts: its chains emptied, its jumps put first again
    for (const tool of ['iptables', 'ip6tables']) await world.run('h1', 'sh', ['-c', flushScript(tool)])
    await engine.restore()
    await check()
    await driver.restore()
    await check()
    await removeAll(driver, [ours], [our])
    expect(withoutCounters(await world.state())).toEqual(withoutCounters(before))
    await removeAll(engine, [theirs], [their])
    expect(await world.state()).toBe(untouched)
  })
})

function flushScript(tool: string): string {
  const chains = [
    'DOCKER',
    'DOCKER-FORWARD',
    'DOCKER-BRIDGE',
    'DOCKER-CT',
    'DOCKER-ISOLATION-STAGE-1',
    'DOCKER-ISOLATION-STAGE-2',
  ]
  return [
    ...chains.map((chain) => `${tool} -F ${chain}`),
    `${tool} -t nat -F DOCKER`,
    `${tool} -D FORWARD -j DOCKER-USER`,
    `${tool} -D FORWARD -j DOCKER-FORWARD`,
  ].join('\n')
}

/** Lines in any order: the engine's networks may have been put again in another. */
function withoutCounters(state: string): string[] {
  return state
    .replace(/packets \d+ bytes \d+/g, '')
    .split('\n')
    .sort()
}
