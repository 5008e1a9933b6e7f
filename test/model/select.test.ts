import { describe, expect, test } from 'vitest'
import { TsnetError } from '../../src/errors.ts'
import { knownSelectors, selectNamespace, uniqueSelector } from '../../src/model/select.ts'
import type { Container, NamespaceIdentity, Owner } from '../../src/model/snapshot.ts'

const WEB_ID = 'ab12cd34ef56'.padEnd(64, '0')
const DB_ID = 'ab12ffffffff'.padEnd(64, '1')

function namespace(inode: number, owner: Owner, rest: Partial<NamespaceIdentity> = {}): NamespaceIdentity {
  return { inode, names: [], owner, pids: [], ...rest }
}

function container(name: string, id: string, inode: number): Container {
  return {
    engine: 'docker',
    id,
    name,
    image: 'i',
    state: 'running',
    namespace: inode,
    networks: [],
    ports: [],
    labels: {},
  }
}

const HOST = {
  namespaces: [
    namespace(1, { kind: 'host', name: 'host' }, { pids: [1, 7] }),
    namespace(
      2,
      { kind: 'docker', name: 'web', containerId: WEB_ID },
      { names: ['/run/docker/netns/5d1'], pids: [100] },
    ),
    namespace(3, { kind: 'docker', name: 'db', containerId: DB_ID }, { pids: [200] }),
    namespace(4, { kind: 'netns', name: 'blue' }, { names: ['blue', '/run/netns/blue'] }),
    namespace(5, { kind: 'lab', name: 'a', lab: 'two' }),
    namespace(6, { kind: 'lab', name: 'a', lab: 'three' }),
    namespace(7, { kind: 'docker-sandbox', name: 'ingress_sbox', sandbox: 'ingress' }),
    namespace(8, { kind: 'process', name: 'bash', process: { pid: 300, command: 'bash' } }, { pids: [300] }),
    namespace(9, { kind: 'process', name: 'bash', process: { pid: 301, command: 'bash' } }, { pids: [301] }),
  ],
  containers: [container('web', WEB_ID, 2), container('db', DB_ID, 3), container('db-sidecar', 'c'.repeat(64), 3)],
}

const select = (selector: string) => selectNamespace(HOST, selector).inode

function failure(selector: string): TsnetError {
  try {
    select(selector)
  } catch (error) {
    if (error instanceof TsnetError) return error
  }
  throw new Error(`${selector} selected something`)
}

test.each([
  ['host', 1],
  ['web', 2],
  ['docker:web', 2],
  [`docker:${WEB_ID}`, 2],
  ['docker:ab12cd', 2],
  ['ab12cd34', 2],
  ['db-sidecar', 3],
  ['blue', 4],
  ['path:/run/netns/blue', 4],
  ['path:/var/run/netns/blue', 4],
  ['/run/docker/netns/5d1', 2],
  ['inode:4', 4],
  ['pid:7', 1],
  ['pid:200', 3],
  ['lab:two/a', 5],
  ['ingress_sbox', 7],
  ['docker:ingress_sbox', 7],
])('%s means namespace %i', (selector, inode) => {
  expect(select(selector)).toBe(inode)
})

describe('an ambiguous selector', () => {
  test('names each candidate by a selector that is unique', () => {
    const error = failure('a')
    expect(error).toMatchObject({ code: 'usage', exitStatus: 2 })
    expect(error.message).toContain('lab:two/a, lab:three/a')
    expect(failure('bash').message).toContain('pid:300, pid:301')
    expect(failure('docker:ab12').message).toContain('web, db')
  })
})

describe('an unknown selector', () => {
  test('is a usage error with the nearest names', () => {
    expect(failure('wbe')).toMatchObject({ code: 'usage', hint: expect.stringContaining('web') })
    expect(failure('lab:two/b').hint).toContain('lab:two/a')
  })

  test('with nothing near names the forms', () => {
    expect(failure('qqqqqqqqqqqq').hint).toContain('docker:NAME|ID')
  })

  test.each(['pid:x', 'pid:0', 'inode:-1', 'inode:', 'lab:two', 'pid:1e9', '__proto__:x', 'constructor:x', ''])(
    '%j is refused',
    (selector) => {
      expect(failure(selector).code).toBe('usage')
    },
  )
})

test('a live host is asked for tasks and paths that the snapshot does not list', () => {
  const resolver = { inodeOfPid: (pid: number) => (pid === 4242 ? 3 : undefined), inodeOfPath: () => 4 }
  expect(selectNamespace(HOST, 'pid:4242', resolver).inode).toBe(3)
  expect(selectNamespace(HOST, 'pid:7', resolver).inode).toBe(1)
  expect(selectNamespace(HOST, 'path:/tmp/x', resolver).inode).toBe(4)
})

test('every namespace has a selector that finds it again', () => {
  for (const each of HOST.namespaces) expect(selectNamespace(HOST, uniqueSelector(HOST, each))).toBe(each)
  expect(knownSelectors(HOST)).toContain('docker:web')
})

test('a namespace called like a scheme or like the host is still reachable', () => {
  const odd = { namespaces: [...HOST.namespaces, namespace(20, { kind: 'netns', name: 'host' })], containers: [] }
  const added = odd.namespaces.at(-1)
  if (added === undefined) throw new Error('no namespace')
  expect(selectNamespace(odd, 'host').inode).toBe(1)
  expect(selectNamespace(odd, uniqueSelector(odd, added))).toBe(added)
})
