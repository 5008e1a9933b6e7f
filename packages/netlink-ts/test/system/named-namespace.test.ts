import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, buildSync } from 'esbuild'
import { afterEach, expect, test } from 'vitest'
import { NetlinkError } from '../../src/error.ts'
import { createNamedNamespace, deleteNamedNamespace, nameNamespace } from '../../src/named-namespace.ts'

const STEM = `ts-named-${process.pid}`
const FOLDER = '/run/netns'
const pathOf = (label: string | number) => `${FOLDER}/${STEM}-${label}`

const names = () => readdirSync(FOLDER).filter((name) => name.startsWith(STEM))
const openFds = () => readdirSync('/proc/self/fd').length

afterEach(() => {
  for (const name of names()) deleteNamedNamespace(`${FOLDER}/${name}`)
})

function failure(action: () => unknown): NetlinkError {
  try {
    action()
  } catch (error) {
    if (error instanceof NetlinkError) return error
    throw error
  }
  throw new Error('did not fail')
}

test('a named namespace is one that ip netns knows, apart from ours', () => {
  createNamedNamespace(pathOf('a'))
  expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).toContain(`${STEM}-a`)
  expect(execFileSync('ip', ['-n', `${STEM}-a`, '-o', 'link'], { encoding: 'utf8' })).toMatch(/^1: lo: /)
  expect(statSync(pathOf('a')).ino).not.toBe(statSync('/proc/self/ns/net').ino)
})

test('the action runs inside, and this thread is home again afterwards', () => {
  const home = readlinkSync('/proc/thread-self/ns/net')
  let inside = ''
  createNamedNamespace(pathOf('a'), () => {
    inside = readlinkSync('/proc/thread-self/ns/net')
    writeFileSync('/proc/sys/net/ipv4/ip_default_ttl', '33')
  })
  expect(inside).toBe(`net:[${statSync(pathOf('a')).ino}]`)
  expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home)
  const ttl = execFileSync('ip', ['netns', 'exec', `${STEM}-a`, 'cat', '/proc/sys/net/ipv4/ip_default_ttl'])
  expect(ttl.toString()).toBe('33\n')
})

test('when the action fails nothing is left', () => {
  const home = readlinkSync('/proc/thread-self/ns/net')
  const act = () => {
    throw new NetlinkError('usage', 'on purpose')
  }
  expect(failure(() => createNamedNamespace(pathOf('a'), act)).message).toBe('on purpose')
  expect(names()).toEqual([])
  expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home)
})

test('a name that is taken is refused and stays', () => {
  createNamedNamespace(pathOf('a'))
  const { ino } = statSync(pathOf('a'))
  expect(failure(() => createNamedNamespace(pathOf('a')))).toMatchObject({ code: 'system', errno: 17 })
  expect(statSync(pathOf('a')).ino).toBe(ino)
})

test('a namespace with two names goes with the second', () => {
  createNamedNamespace(pathOf('a'))
  nameNamespace(pathOf('b'), { path: pathOf('a') })
  expect(statSync(pathOf('b')).ino).toBe(statSync(pathOf('a')).ino)
  deleteNamedNamespace(pathOf('a'))
  execFileSync('ip', ['-n', `${STEM}-b`, 'link', 'set', 'lo', 'up'])
  deleteNamedNamespace(pathOf('b'))
  expect(names()).toEqual([])
})

test('what a maker left that died between the file and the mount is deleted too, and nothing is no error', () => {
  writeFileSync(pathOf('half'), '')
  deleteNamedNamespace(pathOf('half'))
  expect(existsSync(pathOf('half'))).toBe(false)
  deleteNamedNamespace(pathOf('half'))
})

test('a folder that is no mount becomes a shared one, once', () => {
  const folder = mkdtempSync(join(fileURLToPath(new URL('../..', import.meta.url)), 'test/.named-'))
  try {
    const program = join(folder, 'program.mjs')
    buildSync({ ...BUNDLE, stdin: { contents: IN_OTHER_FOLDERS, resolveDir: HERE, loader: 'ts' }, outfile: program })
    // in a mount namespace of its own, for the folders stay mounted
    const words = ['--mount', 'sh', '-ec', 'mount -t tmpfs none /mnt; exec "$@"', 'sh', process.execPath, program]
    const mounts = execFileSync('unshare', words, { encoding: 'utf8' }).trim().split('\n')
    const fields = mounts.map((line) => line.split(' '))
    expect(fields.map((each) => each[4])).toEqual(['/mnt/a/ns', '/mnt/a/ns/x', '/mnt/b/ns', '/mnt/b/ns/x'])
    for (const each of fields.filter(([, , , , path]) => path?.endsWith('/ns'))) expect(each[6]).toMatch(/^shared:/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const HERE = fileURLToPath(new URL('.', import.meta.url))
const BUNDLE = { bundle: true, platform: 'node', format: 'esm', external: ['koffi'] } satisfies BuildOptions
const IN_OTHER_FOLDERS = `
import { readFileSync } from 'node:fs'
import { createNamedNamespace, deleteNamedNamespace } from '../../src/named-namespace.ts'

for (const folder of ['a', 'b']) createNamedNamespace('/mnt/' + folder + '/ns/x')
createNamedNamespace('/mnt/a/ns/y')
deleteNamedNamespace('/mnt/a/ns/y')
const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\\n')
console.info(lines.filter((line) => / .mnt.[ab].ns/.test(line)).join('\\n'))
`

test('200 take tens of milliseconds and leave no descriptor open', () => {
  const before = openFds()
  const start = performance.now()
  for (let number = 0; number < 200; number++) createNamedNamespace(pathOf(number))
  const made = performance.now() - start
  expect(names()).toHaveLength(200)
  for (let number = 0; number < 200; number++) deleteNamedNamespace(pathOf(number))
  expect(openFds()).toBe(before)
  console.info(`200 named namespaces: ${made.toFixed(0)} ms`)
  expect(made).toBeLessThan(2000)
})
