import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dnsRules } from '../../../src/driver/dns/dns-rules.ts'
import type { AgentStatus } from '../../../src/lab/agent/run-agent.ts'
import type { ServedSandbox, ServedState, ServedWorkload } from '../../../src/lab/agent/served-state.ts'
import { bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'

const LAB = 'agents'
const FOLDER = `/run/tsnet-shoot/state/${LAB}`
const PORTS = { udpPort: 35_353, tcpPort: 35_353 }
const NAMES = ['host', 'web', 'db', 'client'] as const

let program: string
let world: World

beforeAll(async () => {
  program = await bundleProgram('test/system/lab/agent-program.ts')
})

beforeEach(async () => {
  world = await openWorld()
  await world.run('mkdir', ['-p', FOLDER])
  for (const [position, name] of NAMES.entries()) await addMachine(name, position + 1)
})

afterEach(() => world.close())

/** A namespace on the bridge of the lab, with the files and rules that the lab gives to a container. */
async function addMachine(name: string, position: number): Promise<void> {
  const full = namespace(name)
  await world.run('ip', ['netns', 'add', full])
  const lines = [
    ...(position === 1 ? ['link add br0 type bridge', 'link set br0 up', 'addr add 10.44.0.1/24 dev br0'] : []),
    ...(position === 1
      ? []
      : [`link add v${position} type veth peer name eth0 netns ${full}`, `link set v${position} master br0 up`]),
  ]
  for (const line of ['link set lo up', ...lines.slice(0, position === 1 ? 3 : 0)]) await ip(name, line)
  if (position === 1) return
  for (const line of lines) await ip('host', line)
  for (const line of [`addr add 10.44.0.${position}/24 dev eth0`, 'link set eth0 up']) await ip(name, line)
  await world.run('iptables-restore', ['--noflush'], { namespace: full, input: dnsRules(PORTS) })
  await write(`${FOLDER}/etc/${name}/resolv.conf`, 'nameserver 127.0.0.11\noptions ndots:0\n')
  await write(`${FOLDER}/etc/${name}/hosts`, `127.0.0.1 localhost\n10.44.0.${position} ${name}\n`)
}

const namespace = (name: string) => `tsnet:${LAB}:${name}`
const ip = (name: string, words: string) => world.run('ip', ['-n', namespace(name), ...words.split(' ')])

async function write(path: string, input: string): Promise<void> {
  await world.run('sh', ['-c', 'mkdir -p "$(dirname "$1")" && cat > "$1"', 'sh', path], { input })
}

function sandbox(name: string): ServedSandbox {
  return {
    name,
    namespace: `/run/netns/${namespace(name)}`,
    host: `/run/netns/${namespace('host')}`,
    dns: {
      ...PORTS,
      attachments: [{ network: 'n0', links: {} }],
      servers: [],
      forward: true,
      ndotsSet: false,
      behaviour: '28',
    },
  }
}

function workload(words: string, over: Partial<ServedWorkload> = {}): ServedWorkload {
  const [name = '', kind = ''] = words.split(' ')
  return { name, sandbox: name, kind: kind as ServedWorkload['kind'], environment: {}, ...over }
}

const PETS = [workload('db kv'), workload('web web', { environment: { DB: 'db' } })]

/** What the lab says is served. */
async function serve(over: Partial<ServedState> = {}): Promise<void> {
  const state: ServedState = {
    format: 1,
    lab: LAB,
    networks: {
      n0: {
        name: 'n0',
        kind: 'local',
        enableIpv6: false,
        records: ['web', 'db', 'client'].map((name, at) => ({
          names: [name],
          addresses: [`10.44.0.${at + 2}`],
          pointer: name,
        })),
      },
    },
    sandboxes: ['web', 'db', 'client'].map(sandbox),
    workloads: PETS,
    proxies: [],
    ...over,
  }
  await write(`${FOLDER}/served.json`, JSON.stringify(state))
}

async function agent(action: 'start' | 'reload' | 'status'): Promise<AgentStatus> {
  return JSON.parse(await world.run(process.execPath, [program, action, FOLDER]))
}

async function stop(): Promise<void> {
  await world.run(process.execPath, [program, 'stop', FOLDER])
}

/** `curl` in a container, which finds the names of the lab. */
async function curl(name: string, ...words: string[]): Promise<string> {
  const script =
    'for file in "$1"/*; do mount --bind "$file" "/etc/$(basename "$file")"; done; shift; exec curl -s --max-time 10 "$@"'
  const args = ['--mount', 'sh', '-c', script, 'sh', `${FOLDER}/etc/${name}`, ...words]
  return (await world.tryRun('unshare', args, { namespace: namespace(name) })).stdout
}

/** Command lines of all processes of the world but ours. */
async function processes(): Promise<string[]> {
  const text = await world.run('ps', ['-eo', 'args=', '--sort=pid'])
  return text.split('\n').filter((line) => line !== '' && !/^(sh -c |cat|ps |nsenter .*ps )/.test(line))
}

async function sockets(name: string): Promise<string> {
  return world.run('ss', ['-Hnlptu'], { namespace: namespace(name) })
}

describe('an agent', () => {
  test('serves names, a store, a counter and a published port, after the program that started it has ended', async () => {
    const binding = { protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8000 } as const
    const host = `/run/netns/${namespace('host')}`
    await serve({ proxies: [{ host, ...binding, containerAddress: '10.44.0.2', containerPort: 5000 }] })
    const { pid, dns, workloads, proxies } = await agent('start')
    expect(dns.map(({ key, state }) => `${key} ${state}`).sort()).toEqual([
      'client serving',
      'db serving',
      'web serving',
    ])
    expect(workloads.map(({ key, detail }) => `${key} ${detail}`).sort()).toEqual(['db port 8500', 'web port 5000'])
    expect(proxies).toEqual([{ key: `tcp 0.0.0.0:8000 of ${host}`, state: 'serving', detail: 'listens' }])
    expect(await curl('client', 'http://web:5000/')).toBe(
      'web\nvisits: 1\naddress: 10.44.0.2\nclient: 10.44.0.4\nstore: db\n',
    )
    expect(await curl('client', 'http://web.n0:5000/')).toContain('visits: 2\n')
    expect(await curl('client', 'http://10.44.0.1:8000/')).toContain(
      'visits: 3\naddress: 10.44.0.2\nclient: 10.44.0.1\n',
    )
    expect(await curl('client', 'http://db:8500/v1/kv/visits?raw')).toBe('3')
    expect((await agent('status')).pid).toBe(pid)
    expect((await agent('start')).pid).toBe(pid)
    await stop()
    expect(await curl('client', 'http://10.44.0.2:5000/')).toBe('')
  })

  test('counts every one of many visits at once', async () => {
    await serve()
    await agent('start')
    const pages = (await curl('client', '-Z', '--parallel-max', '20', 'http://web:5000/?[1-40]')).match(/visits: \d+/g)
    expect(new Set(pages).size).toBe(40)
    expect(await curl('client', 'http://db:8500/v1/kv/visits?raw')).toBe('40')
    await stop()
  })

  test('changes only what is different when it is told to read again', async () => {
    await serve({ workloads: [...PETS, workload('client echo')] })
    const { pid } = await agent('start')
    await curl('client', 'http://web:5000/')
    const before = await sockets('db')
    const state = { ...sandbox('web'), name: 'web' }
    await serve({
      sandboxes: [state, sandbox('db'), sandbox('client')],
      workloads: [...PETS, workload('client http', { port: 8080 })],
      networks: {
        n0: {
          name: 'n0',
          kind: 'local',
          enableIpv6: false,
          records: [{ names: ['db', 'store'], addresses: ['10.44.0.3'] }],
        },
      },
    })
    const { workloads } = await agent('reload')
    expect(workloads.map(({ key, detail }) => `${key} ${detail}`)).toEqual([
      'db port 8500',
      'web port 5000',
      'client port 8080',
    ])
    expect(await sockets('db')).toBe(before)
    expect(await curl('client', 'http://store:8500/v1/kv/visits?raw')).toBe('1')
    expect(await sockets('client')).not.toMatch(/:7\s/)
    expect((await agent('status')).pid).toBe(pid)
    await stop()
  })

  test('says why what it could not serve failed, and serves the rest', async () => {
    await serve({
      sandboxes: [...['web', 'db', 'client'].map(sandbox), { name: 'gone', namespace: '/run/netns/gone' }],
      workloads: [
        ...PETS,
        workload('second http', { sandbox: 'web', port: 5000 }),
        workload('gone http'),
        workload('lost kv'),
      ],
    })
    const { workloads } = await agent('start')
    const failed = workloads.filter(({ state }) => state === 'failed').map(({ key, detail }) => `${key}: ${detail}`)
    expect(failed.sort()).toEqual([
      'gone: namespace /run/netns/gone: it is gone',
      'lost: workload lost: there is no sandbox lost',
      expect.stringMatching(/^(second|web): listen on tcp \[::\]:5000: EADDRINUSE$/),
    ])
    expect(await curl('client', 'http://db:8500/')).toBe('db\nkeys: 0\n')
    await stop()
  })

  test('keeps all as it is when the file is broken, and does not start with one', async () => {
    await serve()
    await agent('start')
    await write(`${FOLDER}/served.json`, '{"format":1}')
    const { status, stderr } = await world.tryRun(process.execPath, [program, 'reload', FOLDER])
    expect([status, stderr]).toEqual([1, expect.stringContaining('served.json: lab: expected string, found nothing')])
    expect(await curl('client', 'http://web:5000/')).toContain('visits: 1\n')
    await stop()
    const again = await world.tryRun(process.execPath, [program, 'start', FOLDER])
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('expected string, found nothing')])
    expect(await processes()).toEqual([])
  })
})

describe('the counter without its store', () => {
  test.each([
    ['nobody', /^web\nerror: resolve nobody: SERVFAIL \(127\.0\.0\.11\)\n/],
    ['client:1', /^web\nerror: connect to 10\.44\.0\.4:1: ECONNREFUSED\n/],
    ['10.44.0.99', /^web\nerror: connect to 10\.44\.0\.99:8500: (no answer within 2000 ms|EHOSTUNREACH)\n/],
    ['', /^web\nerror: the variable DB names no store\n/],
  ])('named %j is a page with status 502 that says why', async (db, page) => {
    await serve({ workloads: [workload('web web', { environment: { DB: db } })] })
    await agent('start')
    expect(await curl('client', 'http://web:5000/')).toMatch(page)
    expect(await curl('client', '-o', '/dev/null', '-w', '%{http_code}', 'http://web:5000/')).toBe('502')
    await stop()
  })
})

describe('a command', () => {
  /** A child that leaves its session, which no group and no parent can reach any more. */
  const STUBBORN = 'trap "" TERM; setsid sleep 4711 & exec sleep 4712'
  const command = (...words: string[]) => ({ workloads: [workload('client command', { command: words })] })

  test("runs in the container's network with its names and environment, and its end is noted", async () => {
    const words = [
      'sh',
      '-c',
      'ip -o -4 addr show eth0; getent hosts db; cat /etc/resolv.conf; echo "$GREETING"; exit 3',
    ]
    await serve({ workloads: [workload('client command', { command: words, environment: { GREETING: 'hello' } })] })
    await agent('start')
    await expect
      .poll(async () => (await agent('status')).workloads, { timeout: 10_000, interval: 50 })
      .toEqual([{ key: 'client', state: 'ended', detail: 'exit status 3' }])
    const output = await world.run('cat', [`${FOLDER}/output/client.log`])
    expect(output).toMatch(/10\.44\.0\.4\/24[\s\S]*10\.44\.0\.3\s+db[\s\S]*nameserver 127\.0\.0\.11[\s\S]*hello/)
    await stop()
  })

  test('that is not there is noted as well', async () => {
    await serve(command('/no/such/program'))
    await agent('start')
    await expect
      .poll(async () => (await agent('status')).workloads[0]?.detail, { timeout: 10_000 })
      .toBe('exit status 127')
    await stop()
  })

  test('ends with all that it started when the agent stops', async () => {
    await serve(command('sh', '-c', STUBBORN))
    await agent('start')
    await expect.poll(processes, { timeout: 10_000 }).toContain('sleep 4711')
    await stop()
    expect(await processes()).toEqual([])
  })

  test('ends with all that it started when the agent is told to by a signal', async () => {
    await serve(command('sh', '-c', STUBBORN))
    const { pid } = await agent('start')
    await expect.poll(processes, { timeout: 10_000 }).toContain('sleep 4711')
    await world.run('kill', [String(pid)])
    await expect.poll(processes, { timeout: 10_000 }).toEqual([])
  })

  test('ends with all that it started when the agent is killed, and a new agent starts in its place', async () => {
    await serve(command('sh', '-c', STUBBORN))
    const { pid } = await agent('start')
    await expect.poll(processes, { timeout: 10_000 }).toContain('sleep 4711')
    await world.run('kill', ['-9', String(pid)])
    await expect.poll(processes, { timeout: 10_000 }).toEqual([])
    expect((await agent('start')).workloads[0]?.state).toBe('serving')
    await stop()
  })
})

test('the agent ends when the state folder is removed', async () => {
  await serve({ workloads: [...PETS, workload('client command', { command: ['sleep', '4713'] })] })
  await agent('start')
  await world.run('rm', ['-r', FOLDER])
  await expect.poll(processes, { timeout: 10_000 }).toEqual([])
})

test('only the owner may ask it, and nothing is left of it', async () => {
  await serve()
  await agent('start')
  expect((await world.run('stat', ['-c', '%a', `${FOLDER}/agent.sock`])).trim()).toBe('600')
  await stop()
  expect(await processes()).toEqual([])
  for (const name of NAMES) expect(await sockets(name)).toBe('')
  expect((await world.run('ls', [FOLDER])).split('\n').filter(Boolean)).toEqual(['agent.log', 'etc', 'served.json'])
  for (const name of NAMES) await world.run('ip', ['netns', 'delete', namespace(name)])
})

test('a process that has the number of an agent that is gone is left alone', async () => {
  const other = world.start('sleep', ['4714'])
  await expect.poll(processes, { timeout: 5000 }).toContain('sleep 4714')
  const [pid = ''] = (await world.run('pgrep', ['-f', 'sleep 4714'])).split('\n')
  await write(`${FOLDER}/agent.json`, JSON.stringify({ pid: Number(pid), startTime: 1 }))
  await stop()
  expect(await processes()).toContain('sleep 4714')
  other.kill()
})
