import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'

const ROUNDS = Number(process.env['TSNET_LAB_KILLS'] ?? 20)

/** Something of every kind that a lab can have. */
const LAB = `
name: everything
segments:
  left: {subnet: 10.1.0.0/24, gateway: 10.1.0.1}
  right: {subnet: 10.2.0.0/24}
hosts:
  h1:
    segments: {left: {address: 10.1.0.10/24, rate: 100mbit}}
    sysctls: {net.ipv4.tcp_ecn: 1}
    firewall: ['-A DOCKER-USER -s 10.9.0.0/16 -j DROP', '*nat', '-N OWN', '-A OWN -j RETURN']
    expose: {address: 10.99.0.2/30, peer: 10.99.0.1/30}
  h2: {segments: {right: 10.2.0.10/24}, docker: {layout: 20}}
routers:
  r1: {segments: {left: 10.1.0.1/24, right: 10.2.0.1/24}, routes: [blackhole 10.9.0.0/16]}
links:
  - ends: [{node: h1, interface: direct, address: 10.4.0.1/30}, {node: h2, interface: direct, address: 10.4.0.2/30}]
networks:
  front: {host: h1}
  back: {host: h1, internal: true}
  other: {host: h2, ipv6: true, ipam: {config: [{subnet: 10.30.0.0/24}, {subnet: 'fd00:30::/64'}]}}
  ov: {driver: overlay}
  mv: {host: h2, driver: macvlan, subnet: 10.2.0.0/24, gateway: 10.2.0.1, options: {parent: eth0}}
containers:
  web: {host: h1, networks: [front, back], ports: ['8000:5000', '9000-9002:9000-9002/udp'], workload: web, environment: {DB: db}}
  db: {host: h1, networks: [back], workload: kv}
  six: {host: h2, networks: [other], workload: echo, ports: ['7:7']}
  mac: {host: h2, networks: [mv]}
  near: {host: h1, networks: [ov], ports: ['81:80'], workload: http}
  far: {host: h2, networks: [ov]}
  plain: {host: h2, networks: [host]}
  tool: {host: h2, networks: [other], command: [sleep, '1000']}
`

describe(`lab up that is killed with -9, ${ROUNDS} times at random moments`, () => {
  let labs: LabWorld
  let file: string
  let before: string
  let wholeMs: number

  const killedUp = (afterMs: number) =>
    labs.world.tryRun('timeout', [
      '-s',
      'KILL',
      `${(afterMs / 1000).toFixed(3)}`,
      process.execPath,
      labs.program,
      'lab',
      'up',
      file,
    ])

  beforeAll(async () => {
    labs = await openLabWorld()
    file = await labs.write('everything.yaml', LAB)
    before = await labs.traces()
    const start = performance.now()
    await labs.mustLab('up', file)
    wholeMs = performance.now() - start
    expect(await labs.traces()).not.toBe(before)
    await labs.mustLab('down', 'everything')
    expect(await labs.traces()).toBe(before)
  })
  afterAll(() => labs?.world.close())

  test(
    'leaves nothing once lab down was run',
    async () => {
      const reached = new Set<string>()
      for (let round = 0; round < ROUNDS; round++) {
        const moments = Array.from({ length: 1 + (round % 2) }, () => Math.random() * wholeMs * 1.1)
        const what = `round ${round}: killed after ${moments.map(Math.round).join(' and ')} ms`
        for (const moment of moments) await killedUp(moment)
        const [found] = JSON.parse((await labs.lab('ls', '--json')).stdout) as { name: string; condition: string }[]
        const condition = found?.name === 'everything' ? found.condition : 'absent'
        reached.add(condition)
        const down = await labs.lab('down', 'everything')
        expect({ what, status: down.status }).toEqual({ what, status: condition === 'absent' ? 2 : 0 })
        expect({ what, traces: await labs.traces() }).toEqual({ what, traces: before })
      }
      expect([...reached].sort()).toContain('unfinished')
    },
    ROUNDS * 30_000,
  )

  test('is built whole by the next lab up', async () => {
    await killedUp(wholeMs * 0.6)
    const up = await labs.lab('up', file)
    expect(up.status).toBe(up.stderr.includes('it is up already') ? 2 : 0)
    expect((await labs.lab('inspect', 'everything', '--json')).stdout).toContain('"condition":"up"')
    await labs.mustLab('down', 'everything')
    expect(await labs.traces()).toBe(before)
  })
})
