import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'

const LEVELS = ['lab', 'lab up', 'lab apply', 'lab down', 'lab exec', 'lab save', 'lab validate', 'lab fault']

describe('the lab commands', () => {
  let labs: LabWorld
  let before: string

  const program = (...words: string[]) => labs.world.tryRun(process.execPath, [labs.program, ...words])

  beforeAll(async () => {
    labs = await openLabWorld()
    before = await labs.traces()
  })
  afterAll(() => labs?.world.close())

  test.each(LEVELS)('%s --help tells how it is used', async (name) => {
    const { status, stdout } = await program(...name.split(' '), '--help')
    expect(status).toBe(0)
    expect(stdout).toContain(`Usage: tsnet-shoot ${name}`)
    expect(stdout).toContain('Examples:')
    expect(stdout).not.toContain('agent  ')
  })

  test.each<[string[], string]>([
    [['lab', 'pu'], 'lab pu: no such command (did you mean up?)'],
    [['lab', 'up'], 'NAME|FILE is missing'],
    [['lab', 'up', 'pets-brige'], 'no such lab, and no such file (did you mean pets-bridge?)'],
    [['lab', 'up', '/nowhere.yaml'], '/nowhere.yaml: no such file'],
    [['lab', 'down', 'nothing'], 'lab nothing: it is not up'],
    [['lab', 'inspect', 'nothing'], 'lab nothing: it is not up'],
    [['lab', 'graph', 'nothing'], 'lab nothing: it is not up'],
    [['lab', 'apply', 'pets-bridge'], 'lab pets-bridge: it is not up'],
    [['lab', 'exec', 'pets-bridge/web', '--', 'true'], 'lab pets-bridge: it is not up'],
    [['lab', 'exec', 'web'], 'not LAB/NAME'],
  ])('%j is refused with status 2', async (words, message) => {
    const { status, stderr } = await program(...words)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
  })

  test('complete their own names, built-in labs and labs that are up', async () => {
    const complete = async (...words: string[]) =>
      (await program('__complete', '--', ...words)).stdout.split('\n').filter(Boolean)
    expect(await complete('lab', '')).toEqual([
      'up',
      'apply',
      'down',
      'validate',
      'exec',
      'inspect',
      'graph',
      'save',
      'fault',
      'ls',
    ])
    expect(await complete('lab', 'up', 'pets-')).toEqual(['pets-bridge', 'pets-macvlan', 'pets-multihost'])
    expect(await complete('lab', 'down', '')).toEqual([])
    expect(await complete('lab', 'up', '--dr')).toEqual(['--dry-run'])
  })

  test('--dry-run and validate change nothing', async () => {
    expect(await labs.mustLab('up', 'segmentation', '--dry-run')).toContain('segmentation: 35 steps\n')
    const { steps } = JSON.parse(await labs.mustLab('up', 'segmentation', '--dry-run', '--json')) as {
      steps: unknown[]
    }
    expect(steps).toHaveLength(35)
    expect(await labs.mustLab('validate', 'segmentation')).toContain('the file is good; 9 checks when it is up')
    expect((await labs.lab('validate', 'segmentation', '--run')).status).toBe(1)
    expect(await labs.traces()).toBe(before)
  })

  test('a bad file changes nothing and is told line by line, or as JSON', async () => {
    const file = await labs.write(
      'bad.yaml',
      'name: bad\nhosts: {h1: }\nnetworks: {n: {driver: brigde}}\ncontainers: {a: {networks: [x]}}\n',
    )
    for (const words of [
      ['up', file],
      ['validate', file],
      ['up', file, '--dry-run'],
    ]) {
      const { status, stdout, stderr } = await labs.lab(...words)
      expect([status, stdout, stderr]).toEqual([
        2,
        '',
        `${file}:3:24: expected one of bridge, overlay, macvlan, ipvlan, host, none, found "brigde" (did you mean bridge?)\n${file}:4:29: there is no network x\n`,
      ])
    }
    const { stdout } = await labs.lab('up', file, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [
        { line: 3, column: 24 },
        { line: 4, column: 29 },
      ],
    })
    expect(await labs.traces()).toBe(before)
  })

  test('a lab may come from stdin, as YAML or JSON', async () => {
    const text = JSON.stringify({ name: 'piped', hosts: { h: null } })
    const { status, stdout } = await labs.world.tryRun(process.execPath, [labs.program, 'lab', 'up', '-'], {
      input: text,
    })
    expect([status, stdout]).toEqual([0, 'piped is up: 1 step\n'])
    expect(await labs.mustLab('ls')).toMatch(/^piped {2,}up$/m)
    await labs.mustLab('down', 'piped')
  })

  test('what cannot be served takes everything back', async () => {
    const file = await labs.write(
      'fails.yaml',
      'name: fails\nhosts: {h1: }\ncontainers: {a: {networks: [host], workload: http}, b: {networks: [host], workload: http}}\n',
    )
    const { status, stderr } = await labs.lab('up', file)
    expect(stderr).toMatch(/workload of [ab]:.*EADDRINUSE/)
    expect(status).toBe(4)
    expect(await labs.traces()).toBe(before)
  })

  test('a program that is not there is told by inspect', async () => {
    const file = await labs.write(
      'ended.yaml',
      'name: ended\nhosts: {h1: }\ncontainers: {a: {command: [/no/such/program]}}\n',
    )
    await labs.mustLab('up', file)
    await expect.poll(() => labs.mustLab('inspect', 'ended'), { timeout: 10_000 }).toMatch(/a: (ended|failed)/)
    await labs.mustLab('down', 'ended')
    expect(await labs.traces()).toBe(before)
  })

  describe('with pets-bridge up', () => {
    const countIn = (page: string) => Number(/visits: (\d+)/.exec(page)?.[1])

    beforeAll(async () => {
      expect(await labs.mustLab('up', 'pets-bridge', '--wait')).toContain('pets-bridge is up')
    })
    afterAll(async () => {
      await labs.mustLab('down', 'pets-bridge')
      expect(await labs.traces()).toBe(before)
    })

    test('another process sees it: topo, and a counter that rises', async () => {
      const topo = await program('topo')
      expect(topo.stdout).toContain('web (lab)')
      expect(topo.stdout).toMatch(/br-[0-9a-f]{12} bridge 172\.19\.0\.1\/24/)
      const visit = () =>
        labs.mustLab('exec', 'pets-bridge/web', '--', 'curl', '-s', '-m', '5', 'http://127.0.0.1:5000/')
      const first = countIn(await visit())
      expect(countIn(await visit())).toBe(first + 1)
    })

    test('exec gives the exit status, resolves names as the container does, and enter does the same', async () => {
      expect((await labs.lab('exec', 'pets-bridge/web', '--', 'sh', '-c', 'exit 7')).status).toBe(7)
      expect(await labs.mustLab('exec', 'pets-bridge/web', '--', 'getent', 'hosts', 'db')).toContain('172.19.0.2')
      const entered = await program('enter', 'lab:pets-bridge/web', '--', 'getent', 'hosts', 'db')
      expect(entered.stdout).toContain('172.19.0.2')
      const { status, stderr } = await labs.lab('exec', 'pets-bridge/wbe', '--', 'true')
      expect([status, stderr]).toEqual([2, expect.stringContaining('there is no wbe in it (did you mean web?)')])
    })

    test('show dns tells the name server that a container has', async () => {
      const { stdout } = await program('show', 'dns', '-n', 'lab:pets-bridge/web', '--json')
      expect(JSON.parse(stdout)).toMatchObject([{ servers: ['127.0.0.11'], options: ['ndots:0'] }])
    })

    test('inspect shows what it consists of and what its agent serves', async () => {
      const text = await labs.mustLab('inspect', 'pets-bridge')
      expect(text).toContain('web in network petsBridge: 172.19.0.3, 0.0.0.0:8000->5000/tcp')
      expect(text).toContain('db: serving, port 8500')
      const json = JSON.parse(await labs.mustLab('inspect', 'pets-bridge', '--json')) as Record<string, unknown>
      expect(json).toMatchObject({ condition: 'up', lost: [], agent: { lab: 'pets-bridge' } })
    })

    test('graph draws it alone, in every format', async () => {
      expect(await labs.mustLab('graph', 'pets-bridge')).not.toContain('(host)')
      expect(await labs.mustLab('graph', 'pets-bridge', '--format', 'mermaid')).toContain('web')
      const { nodes } = JSON.parse(await labs.mustLab('graph', 'pets-bridge', '--json')) as {
        nodes: { name: string }[]
      }
      expect(nodes.map(({ name }) => name).sort()).toEqual(['client', 'db', 'host-A', 'lan', 'web'])
    })

    test('its state is for its owner alone, and others are told so', async () => {
      expect(await labs.world.run('stat', ['-c', '%a', '/run/tsnet-shoot/state/pets-bridge'])).toBe('700\n')
      const asNobody = (...words: string[]) =>
        labs.world.tryRun('setpriv', [
          '--reuid=65534',
          '--regid=65534',
          '--clear-groups',
          process.execPath,
          labs.program,
          'lab',
          ...words,
        ])
      expect((await asNobody('ls')).stdout).toMatch(/^pets-bridge {2,}up$/m)
      for (const words of [
        ['inspect', 'pets-bridge'],
        ['down', 'pets-bridge'],
        ['up', 'none'],
        ['exec', 'pets-bridge/web'],
      ]) {
        expect({ words, status: (await asNobody(...words)).status }).toEqual({ words, status: 4 })
      }
    })

    test('its machines are offered where one is asked for', async () => {
      const { stdout } = await program('__complete', '--', 'lab', 'exec', 'pets-bridge/')
      expect(stdout.split('\n').filter(Boolean).sort()).toEqual(
        ['client', 'db', 'host-A', 'lan', 'web'].map((name) => `pets-bridge/${name}`),
      )
    })

    test('save makes a lab of it that is built again with the same addresses and ports', async () => {
      await labs.mustLab('save', 'copy', '-n', 'lab:pets-bridge/host-A', '-o', '/run/files/copy.yaml')
      const snapshot = await program('snapshot', '-o', '/run/files/snapshot.json')
      expect(snapshot.status).toBe(0)
      const fromFile = await labs.mustLab(
        'save',
        'copy',
        '-n',
        'lab:pets-bridge/host-A',
        '--from',
        '/run/files/snapshot.json',
      )
      const withoutTime = (text: string) => text.replace(/^description:.*$/m, '')
      expect(withoutTime(fromFile)).toBe(withoutTime(await labs.world.run('cat', ['/run/files/copy.yaml'])))
      await labs.mustLab('up', '/run/files/copy.yaml')
      const link = async (name: string) =>
        (await labs.world.run('ip', ['netns', 'exec', name, 'ip', '-br', 'address', 'show', 'eth0'])).split(/\s+/)[2]
      expect(await link('tsnet:copy:web')).toBe(await link('tsnet:pets-bridge:web'))
      const rules = async (host: string) =>
        (await labs.world.run('ip', ['netns', 'exec', host, 'iptables', '-t', 'nat', '-S'])).split('\n').sort()
      expect(await rules('tsnet:copy:host-A')).toEqual(await rules('tsnet:pets-bridge:host-A'))
      await labs.mustLab('down', 'copy')
    })
  })
})
