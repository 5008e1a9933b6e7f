import type { RequestListener } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { identifyOwners, type Owners } from '../../src/owners/identify.ts'
import { type FakeEngine, startFakeEngine } from '../helpers/fake-engine.ts'

let engine: FakeEngine | undefined

afterEach(async () => {
  await engine?.close()
  engine = undefined
})

/** Only what concerns our own socket: other engines may run on this machine. */
async function ask(answer: RequestListener, deadlineMs = 10_000): Promise<Owners & { about: string[] }> {
  engine = await startFakeEngine(answer)
  const { socket } = engine
  const owners = await identifyOwners([], { dockerSockets: [socket], podmanSockets: [], deadlineMs })
  const about = owners.hidden.filter(({ subject }) => subject.includes(socket)).map(({ reason }) => reason)
  return { ...owners, about }
}

const ID = 'c0ffee'.padEnd(64, '0')

test('an engine that never answers is given up at the deadline and said to be hidden', async () => {
  const { about } = await ask(() => undefined, 50)
  expect(new Set(about)).toEqual(new Set(['it did not answer in time']))
})

test('an engine that stops in the middle of its answer is given up too', async () => {
  const { about } = await ask((_, response) => {
    response.write('[{"Id":')
  }, 50)
  expect(about[0]).toBe('it did not answer in time')
})

test('an answer of 100 MB is refused before it is all read', async () => {
  const megabyte = Buffer.alloc(1024 * 1024, 0x20)
  let sent = 0
  const { about } = await ask((_, response) => {
    const more = () => {
      while (sent < 200 && !response.destroyed) {
        sent++
        if (!response.write(megabyte)) return response.once('drain', more)
      }
      return response.end('[]')
    }
    more()
  })
  expect(about[0]).toContain('larger than')
  expect(sent).toBeLessThan(200)
})

test.each([
  ['rubbish', (_, response) => response.end('\u0000\u0001 not json'), 'its answer is not JSON'],
  ['an object for a list', (_, response) => response.end('{"message":"no"}'), 'its answer is not a list'],
  ['an error', (_, response) => response.writeHead(500).end('{}'), 'it answered with status 500'],
  ['a dropped connection', (request) => request.socket.destroy(), 'socket hang up'],
] satisfies [string, RequestListener, string][])('%s becomes the reason in hidden', async (_, answer, reason) => {
  const { about, containers } = await ask(answer)
  expect(about[0]).toBe(reason)
  expect(containers.filter(({ id }) => id === ID)).toEqual([])
})

test('a socket that nobody listens on, a file that is none and a remote host are hidden, each with its reason', async () => {
  const { hidden } = await identifyOwners([], {
    dockerSockets: ['/dev/null', '/nowhere/docker.sock'],
    dockerHost: 'tcp://192.0.2.1:2375',
    podmanSockets: [],
  })
  const reasons = Object.fromEntries(hidden.map(({ subject, reason }) => [subject, reason]))
  expect(reasons['docker (/dev/null)']).toBe('not a socket')
  expect(reasons['docker (/nowhere/docker.sock)']).toContain('ENOENT')
  expect(reasons['docker (tcp://192.0.2.1:2375)']).toContain('another host')
})

test('fields of a wrong type cost that field only', async () => {
  const list = [
    17,
    null,
    { Id: 7 },
    {
      Id: ID,
      Names: [3, '/other/alias', '/odd'],
      Image: ['x'],
      State: 'exited',
      Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db', number: 4 },
      Ports: [{ PrivatePort: 'x' }, { PrivatePort: 53, Type: 'udp' }, 'y'],
      HostConfig: 'none',
      NetworkSettings: { Networks: { blue: null } },
    },
  ]
  const { containers, about } = await ask((request, response) => {
    response.end(
      request.url?.startsWith('/networks') ? '[{"Name":"no id"},{"Id":"n1","IPAM":[]}]' : JSON.stringify(list),
    )
  })
  expect(about).toEqual([])
  expect(containers.find(({ id }) => id === ID)).toEqual({
    engine: 'docker',
    id: ID,
    name: 'odd',
    image: '',
    state: 'exited',
    compose: { project: 'shop', service: 'db' },
    networks: [{ network: 'blue', networkId: '', addresses: [] }],
    ports: [{ protocol: 'udp', containerPort: 53 }],
    labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db' },
  })
})

test('a container whose details never come is listed without them', async () => {
  const { containers, about } = await ask((request, response) => {
    if (request.url?.startsWith('/containers/json')) {
      response.end(JSON.stringify([{ Id: ID, Names: ['/slow'], State: 'running' }]))
    } else if (request.url === '/networks') response.end('[]')
  }, 200)
  expect(containers.map(({ name }) => name)).toContain('slow')
  expect(about).toEqual(['it did not answer in time'])
})

test('an id that is a path does not leave the containers of the API', async () => {
  await ask((request, response) => {
    const list = [{ Id: '../../images/x', Names: ['/evil'], State: 'running' }]
    response.end(request.url?.startsWith('/containers/json') ? JSON.stringify(list) : '{}')
  })
  expect(engine?.asked).toContain('/containers/..%2F..%2Fimages%2Fx/json')
})
