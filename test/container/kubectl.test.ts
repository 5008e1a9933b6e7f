import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

const PLUGIN = fileURLToPath(new URL('../../container/kubectl-tsnet', import.meta.url))

/** Writes down what it was called with, each argument ended by a zero, as no argument can hold one. */
const RECORDER = '#!/bin/sh\nprintf "%s\\0" "$@" >"$RECORD"\nexit 3\n'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ts-kubectl-'))
  writeFileSync(join(folder, 'kubectl'), RECORDER, { mode: 0o755 })
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Call {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** What kubectl got; undefined when it was not called. */
  readonly words: readonly string[] | undefined
}

function call(words: readonly string[], variables: Record<string, string> = {}): Call {
  const record = join(folder, 'record')
  rmSync(record, { force: true })
  const env = { PATH: `${folder}:${process.env['PATH']}`, RECORD: record, ...variables }
  const { status, stdout, stderr } = spawnSync(PLUGIN, words, { env, encoding: 'utf8', cwd: folder })
  return { status, stdout, stderr, words: recorded(record) }
}

function recorded(path: string): string[] | undefined {
  try {
    return readFileSync(path, 'utf8').split('\0').slice(0, -1)
  } catch {
    return undefined
  }
}

/** What `kubectl debug` takes, before `--` (kubectl 1.27 and newer). */
const KNOWN = /^--(context|namespace|image|profile|target)=.+$|^--(stdin|tty|arguments-only)$/

test('a pod alone gets the image in an ephemeral container that may look into its network', () => {
  const { words, status } = call(['web-0'])
  expect(words).toEqual(['debug', 'web-0', '--image=tsnet-shoot', '--profile=netadmin', '--stdin'])
  expect(status).toBe(3)
})

test('namespace, container, context, image and profile are handed on, in either form', () => {
  const expected = [
    'debug',
    'web-0',
    '--context=prod@eu',
    '--namespace=shop',
    '--image=registry.example/tsnet-shoot:1',
    '--profile=sysadmin',
    '--target=app',
    '--stdin',
  ]
  const image = 'registry.example/tsnet-shoot:1'
  const apart = ['-n', 'shop', 'web-0', '-c', 'app', '--context', 'prod@eu', '--image', image, '--profile', 'sysadmin']
  expect(call(apart).words).toEqual(expected)
  const joined = ['--namespace=shop', '--container=app', '--context=prod@eu', '--profile=sysadmin', 'web-0']
  expect(call(joined, { TSNET_IMAGE: image }).words).toEqual(expected)
})

test('the command goes to the entry of the image, word for word', () => {
  const command = ['sh', '-c', 'echo "$HOME" \'x\' `id`; exit', '', '--', '-n', 'line\nbreak', '*', '$(touch owned)']
  const { words } = call(['web-0', '--', ...command])
  expect(words?.slice(5)).toEqual(['--arguments-only', '--', ...command])
  expect(words?.slice(0, 5)).toEqual(['debug', 'web-0', '--image=tsnet-shoot', '--profile=netadmin', '--stdin'])
})

test.each([
  ['an option in place of a pod', ['--as=admin']],
  ['a pod that is a shell command', ['$(touch owned)']],
  ['a pod with a space', ['a b']],
  ['an escape sequence', ['\u001b[2Jweb']],
  ['a second pod', ['a', 'b']],
  ['a namespace that is an option', ['a', '-n', '--kubeconfig=x']],
  ['a container that is none', ['a', '-c', 'a;b']],
  ['an image that is an option', ['a', '--image', '-x']],
  ['an option without its value', ['a', '--image']],
  ['an empty name', ['a', '-n', '']],
])('%s is refused before kubectl is called', (_, words) => {
  const { status, stderr, words: called } = call(words)
  expect({ status, called }).toEqual({ status: 2, called: undefined })
  expect(stderr).toMatch(/^✖ kubectl tsnet: [^\p{Cc}]+\n$/u)
})

test('help is printed, and without a pod it is an error', () => {
  expect(call(['--help'])).toMatchObject({ status: 0, stderr: '', words: undefined })
  expect(call([])).toMatchObject({ status: 2, stdout: '', words: undefined })
})

test('that kubectl is missing is said', () => {
  const { status, stderr } = call(['web-0'], { KUBECTL: 'no-such-kubectl' })
  expect(status).toBe(2)
  expect(stderr).toContain('kubectl is not on the PATH')
})

test('whatever the words are, kubectl is called with options that it knows, or not at all', () => {
  const word = fc.oneof(
    fc.constantFrom('-n', '--namespace', '-c', '--image', '--profile=x', '--context=', 'web', '--', '-x', '$(id)', "'"),
    fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => !text.includes('\0')),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const { words: called } = call(words)
      if (called === undefined) return
      const end = called.indexOf('--')
      const own = called.slice(2, end < 0 ? undefined : end)
      expect(called[0]).toBe('debug')
      expect(called[1]).toMatch(/^[a-z0-9./][a-z0-9./-]*$/)
      expect(own.filter((each) => !KNOWN.test(each))).toEqual([])
      if (end >= 0) expect(called.slice(end + 1)).toEqual(words.slice(words.indexOf('--') + 1))
    }),
    { numRuns: 60 },
  )
})
