import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'

const containers = Array.from({ length: 60 }, (_, i) => `c${i}: {networks: [n${i % 4}]}`).join(', ')
const networks = [0, 1, 2, 3].map((i) => `n${i}: {}`).join(', ')
const LAB = `name: busy\nhosts: {h1: }\nnetworks: {${networks}}\ncontainers: {${containers}}\n`

/** `lab up` of file $1 by the program $0, told to end as soon as its first namespace is there. */
const INTERRUPTED = `node "$0" lab up "$1" & pid=$!
while [ -z "$(ls /run/netns)" ]; do :; done
kill -INT $pid
wait $pid`

describe('labs beside each other', () => {
  let labs: LabWorld
  let before: string
  let file: string

  beforeAll(async () => {
    labs = await openLabWorld()
    before = await labs.traces()
    file = await labs.write('busy.yaml', LAB)
  })
  afterAll(() => labs?.world.close())

  test('of one lab, one lab up wins and the others say who is at work', async () => {
    const results = await Promise.all([1, 2, 3].map(() => labs.lab('up', file)))
    const won = results.filter(({ status }) => status === 0)
    expect(won, results.map(({ stderr }) => stderr).join('')).toHaveLength(1)
    for (const { status, stderr } of results.filter((result) => result.status !== 0)) {
      expect(stderr).toMatch(/lab busy: (process \d+ is changing it|it is up already)/)
      expect([2, 4]).toContain(status)
    }
    expect(await labs.mustLab('inspect', 'busy')).not.toContain('gone')
    await labs.mustLab('down', 'busy')
    expect(await labs.traces()).toBe(before)
  })

  test('two labs with the same addresses do not see each other', async () => {
    const other = await labs.write('other.yaml', LAB.replace('name: busy', 'name: busy-too'))
    const [one, two] = await Promise.all([labs.lab('up', file), labs.lab('up', other)])
    expect([one?.status, two?.status]).toEqual([0, 0])
    const arp = await labs.world.run('ip', [
      'netns',
      'exec',
      'tsnet:busy:c0',
      'ping',
      '-c',
      '1',
      '-W',
      '2',
      '172.17.0.3',
    ])
    expect(arp).toContain('1 received')
    await labs.mustLab('down', 'busy')
    const rest = (await labs.world.run('ip', ['netns', 'list'])).match(/tsnet:[\w-]+:/g) ?? []
    expect([...new Set(rest)]).toEqual(['tsnet:busy-too:'])
    await labs.mustLab('down', 'busy-too')
    expect(await labs.traces()).toBe(before)
  })

  test('a lab is apart from the machine, unless its file exposes a host', async () => {
    const apart = await labs.write(
      'apart.yaml',
      "name: apart\nhosts: {h1: {expose: {address: 10.99.0.2/30, peer: 10.99.0.1/30}}, h2: }\nnetworks: {n1: {host: h1}, n2: {host: h2, subnet: 172.30.0.0/16}}\ncontainers: {a: {host: h1, networks: [n1], ports: ['80:80'], workload: http}, b: {host: h2, networks: [n2], workload: http}}\n",
    )
    await labs.mustLab('up', apart)
    expect(await labs.world.run('curl', ['-s', '-m', '5', 'http://10.99.0.2/'])).toContain('client: 10.99.0.1')
    expect(await labs.world.run('ip', ['route'])).toBe(
      `10.99.0.0/30 dev tsx${(await labs.world.run('ip', ['route'])).slice('10.99.0.0/30 dev tsx'.length)}`,
    )
    expect((await labs.world.tryRun('curl', ['-s', '-m', '2', 'http://172.30.0.2/'])).status).not.toBe(0)
    expect((await labs.world.run('ip', ['-br', 'link'])).match(/^\S+/gm)).toEqual([
      'lo',
      expect.stringMatching(/^tsx[0-9a-f]{10}@/),
    ])
    await labs.mustLab('down', 'apart')
    expect(await labs.traces()).toBe(before)
  })

  test('ctrl-C takes back what was done', async () => {
    const { status, stderr } = await labs.world.tryRun('sh', ['-c', INTERRUPTED, labs.program, file])
    expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining('lab busy: interrupted') })
    expect(await labs.traces()).toBe(before)
  })
})
