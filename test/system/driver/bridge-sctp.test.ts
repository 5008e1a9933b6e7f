import { expect, test } from 'vitest'
import { openSocket } from '../../../src/kernel/socket-calls.ts'
import { binding, networkConfig } from '../../driver/networks/bridge-build.ts'
import { skipUnless } from '../../helpers/skip.ts'
import { BridgeWorld, OUTSIDE, removeAll } from './bridge-world.ts'

const LACK = { reason: 'this kernel has no SCTP', coveredBy: 'test/vm/bridge-sctp.test.ts' }

for (const layout of ['docker28', 'docker20'] as const) {
  for (const backend of ['iptables', 'nft'] as const) {
    skipUnless(await hasSctp(), LACK)(
      `a published SCTP port answers, with rules of ${layout} by ${backend}`,
      async () => {
        const world = await BridgeWorld.open()
        try {
          const before = await world.state()
          const driver = world.driver({ layout, backend })
          const network = networkConfig({ subnet: '10.1.0.0/24' })
          await driver.createNetwork(network)
          const container = await world.container(driver, network, {
            name: 'web',
            address: '10.1.0.2/24',
            ports: [binding('8080:80/sctp')],
            listen: ['sctp 80'],
          })
          for (const from of ['out', 'h1', 'web']) {
            expect(await world.reach(from, OUTSIDE.host, 8080, { protocol: 'sctp' })).toMatch(/^web/)
          }
          await expect(world.serveTcp('h1', 8080, '0.0.0.0', 'sctp')).rejects.toThrow('EADDRINUSE')
          await removeAll(driver, [network], [container])
          expect(await world.state()).toBe(before)
        } finally {
          await world.close()
        }
      },
    )
  }
}

test('an SCTP port has its rules, whether the kernel speaks it or not', async () => {
  const world = await BridgeWorld.open()
  try {
    const driver = world.driver({ layout: 'docker20' })
    const network = networkConfig({ subnet: '10.1.0.0/24' })
    await driver.createNetwork(network)
    await world.container(driver, network, {
      name: 'web',
      address: '10.1.0.2/24',
      ports: [binding('8080:80/sctp')],
      listen: [],
    })
    const rules = await world.rules()
    const bridge = `br-${network.id.slice(0, 12)}`
    for (const rule of [
      '-A DOCKER -p sctp -m sctp --dport 8080 -j DNAT --to-destination 10.1.0.2:80',
      `-A DOCKER -d 10.1.0.2/32 ! -i ${bridge} -o ${bridge} -p sctp -m sctp --dport 80 -j ACCEPT`,
      '-A POSTROUTING -s 10.1.0.2/32 -d 10.1.0.2/32 -p sctp -m sctp --dport 80 -j MASQUERADE',
      '-A POSTROUTING -p sctp -m sctp --sport 80 -j CHECKSUM --checksum-fill',
    ]) {
      expect(rules).toContain(rule)
    }
  } finally {
    await world.close()
  }
})

async function hasSctp(): Promise<boolean> {
  const world = await BridgeWorld.open()
  try {
    world.host.inside(() => openSocket('sctp', '127.0.0.1'))
    return true
  } catch {
    return false
  } finally {
    await world.close()
  }
}
