import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectTcp, connectUdp } from '../../../src/kernel/namespace-sockets.ts'
import type { RunningWorkload } from '../../../src/lab/workloads/running-workload.ts'
import { startWorkload, type WorkloadKind } from '../../../src/lab/workloads/start-workload.ts'
import { type PrivateNamespace, privateNamespace, wire } from '../../helpers/private-namespace.ts'

let server: PrivateNamespace
let client: PrivateNamespace
let folder: string
const running: RunningWorkload[] = []

beforeEach(() => {
  server = privateNamespace()
  client = privateNamespace()
  folder = mkdtempSync(join(tmpdir(), 'ts-workload-'))
  wire(
    { namespace: server, link: 'eth0', addresses: ['10.55.0.2/24', 'fd55::2/64'] },
    { namespace: client, link: 'eth0', addresses: ['10.55.0.3/24', 'fd55::3/64'] },
  )
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((workload) => workload.close()))
  for (const namespace of [server, client]) namespace.close()
  rmSync(folder, { recursive: true })
})

async function start(kind: WorkloadKind, environment: Readonly<Record<string, string>> = {}) {
  const logFile = join(folder, 'output.log')
  const workload = await startWorkload(kind, { name: 'pet <1>', sandbox: server.host, environment, logFile })
  running.push(workload)
  return workload
}

/** `curl -s WORDS` from the other namespace. */
async function curl(...words: string[]): Promise<string> {
  return (await client.host.run('curl', ['-s', '-g', ...words])).stdout
}

describe('http', () => {
  test('tells by text who serves, who asks, and what a proxy in between says', async () => {
    await start('http')
    expect(await curl('-H', 'X-Forwarded-For: 9.9.9.9', 'http://10.55.0.2/a?b')).toBe(
      [
        'pet <1>',
        'address: 10.55.0.2, fd55::2',
        'client: 10.55.0.3',
        'host: 10.55.0.2',
        'request: GET /a?b',
        'x-forwarded-for: 9.9.9.9',
        '',
      ].join('\n'),
    )
    expect(await curl('http://[fd55::2]/')).toContain('client: fd55::3\n')
  })

  test('shows a browser the same, and nothing of what a client sends becomes part of the page', async () => {
    await start('http')
    const page = await curl('-H', 'Accept: text/html', '-H', 'X-Real-Ip: <script>', 'http://10.55.0.2/<b>')
    expect(page).toContain('<h1>pet &lt;1&gt;</h1>')
    expect(page).not.toMatch(/<script>|<b>|<1>/)
  })
})

test('echo sends back what it gets, by TCP and UDP, IPv4 and IPv6', async () => {
  await start('echo')
  for (const address of ['10.55.0.2', 'fd55::2']) {
    const socket = connectTcp(client.host, { address, port: 7, allowHalfOpen: true })
    socket.end('hello')
    expect(await text(socket)).toBe('hello')
    const datagrams = await connectUdp(client.host, { address, port: 7 })
    datagrams.send('hello')
    expect(String((await once(datagrams, 'message'))[0])).toBe('hello')
    datagrams.close()
  }
})

test('a container without IPv6 is served by IPv4', async () => {
  for (const scope of ['all', 'default', 'lo', 'eth0']) server.host.writeSysctl(`ipv6/conf/${scope}/disable_ipv6`, '1')
  await start('http')
  await start('echo')
  expect(await curl('http://10.55.0.2/')).toContain('address: 10.55.0.2\n')
})

describe('kv', () => {
  const KV = 'http://10.55.0.2:8500/v1/kv'
  const put = (key: string, value: string) => curl('-X', 'PUT', '-d', value, `${KV}/${key}`)
  const status = (...words: string[]) => curl('-o', '/dev/null', '-w', '%{http_code}', ...words)

  test('keeps values and shows them as Consul does', async () => {
    await start('kv')
    expect(await status(`${KV}/a`)).toBe('404')
    expect(await put('a', 'one')).toBe('true\n')
    expect(JSON.parse(await curl(`${KV}/a`))).toEqual([
      {
        LockIndex: 0,
        Key: 'a',
        Flags: 0,
        Value: Buffer.from('one').toString('base64'),
        CreateIndex: 1,
        ModifyIndex: 1,
      },
    ])
    expect(await put('a?flags=7', 'two')).toBe('true\n')
    expect(JSON.parse(await curl(`${KV}/a`))[0]).toMatchObject({ Flags: 7, CreateIndex: 1, ModifyIndex: 2 })
    expect(await curl(`${KV}/a?raw`)).toBe('two')
    expect(await curl('-X', 'DELETE', `${KV}/a`)).toBe('true\n')
    expect(await status(`${KV}/a`)).toBe('404')
  })

  test('writes with cas only what has not changed since it was read, so that a counter is exact', async () => {
    await start('kv')
    expect(await put('n?cas=0', '1')).toBe('true\n')
    expect(await put('n?cas=0', '1')).toBe('false\n')
    expect(await put('n?cas=1', '2')).toBe('true\n')
    expect(await put('n?cas=1', '3')).toBe('false\n')
    expect(await curl(`${KV}/n?raw`)).toBe('2')
  })

  test('lists and deletes what begins alike', async () => {
    await start('kv')
    for (const key of ['app/b', 'app/a', 'other']) await put(key, key)
    const keys = JSON.parse(await curl(`${KV}/app/?recurse`)).map(({ Key }: { Key: string }) => Key)
    expect(keys).toEqual(['app/a', 'app/b'])
    await curl('-X', 'DELETE', `${KV}/app/?recurse`)
    expect(await curl('http://10.55.0.2:8500/')).toBe('pet <1>\nkeys: 1\n')
  })

  test('answers to nonsense with a status', async () => {
    await start('kv')
    expect(await status('http://10.55.0.2:8500/v1/other')).toBe('404')
    expect(await status('-X', 'PATCH', `${KV}/a`)).toBe('405')
    expect(await status(`${KV}/%ff`)).toBe('400')
    await client.host.run('curl', ['-s', '-T', '/usr/bin/git', `${KV}/big`]).catch(() => undefined)
    expect(await status(`${KV}/big`)).toBe('404')
  })
})

test('web counts a visit of its page and nothing else, in a store given by address', async () => {
  const environment = { DB: '[fd55::2]:8500' }
  await start('kv')
  await start('web', environment)
  const web = 'http://10.55.0.2:5000'
  expect(await curl(`${web}/health`)).toContain('visits: 0\n')
  expect(await curl(`${web}/`)).toContain('visits: 1\n')
  expect(await curl(`${web}/favicon.ico`)).toContain('visits: 1\n')
  expect(await curl(`${web}/?again`)).toContain('visits: 2\n')
})

test('a port that is taken is an error that leaves nothing open', async () => {
  await start('echo')
  const before = readdirSync('/proc/self/fd').length
  await expect(start('echo')).rejects.toThrow('listen on tcp [::]:7: EADDRINUSE')
  const logFile = join(folder, 'output.log')
  const second = { name: 'x', sandbox: server.host, environment: {}, logFile, port: 8 }
  const taken = await connectUdp(server.host, { address: '10.55.0.3', port: 9 })
  const port = taken.address().port
  await expect(startWorkload('echo', { ...second, port })).rejects.toThrow(`bind udp 0.0.0.0:${port}: EADDRINUSE`)
  taken.close()
  await expect.poll(() => readdirSync('/proc/self/fd').length, { timeout: 5000 }).toBe(before)
})
