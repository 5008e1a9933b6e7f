import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'
import { builtProgram } from '../helpers/netns-program.ts'

const MAKE = fileURLToPath(new URL('../../plugin/mkrootfs.mjs', import.meta.url))
/** As an engine calls a managed plugin. */
const NAME = 'tsnet:latest'

let engine: DockerEngine
let folder: string

beforeAll(async () => {
  await builtProgram()
  engine = await startDockerEngine()
  folder = mkdtempSync(join(tmpdir(), 'ts-managed-'))
  await promisify(execFile)(process.execPath, [MAKE, folder])
  await engine.docker('plugin', 'create', 'tsnet', folder)
  await engine.docker('plugin', 'enable', 'tsnet')
})

afterAll(async () => {
  await engine?.docker('plugin', 'disable', '--force', 'tsnet').catch(() => '')
  await engine?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

/** Of the engine's host, sorted. */
async function links(): Promise<string[]> {
  const all = JSON.parse(await engine.inside('ip', '-j', 'link')) as { ifname: string }[]
  return all.map(({ ifname }) => ifname).sort()
}

const execute = (container: string, ...words: string[]) => engine.docker('exec', container, ...words)

test('the engine runs the plugin, and its networks work', async () => {
  const subnet = ['--subnet', '10.90.0.0/24']
  await engine.docker('network', 'create', '-d', NAME, '--ipam-driver', NAME, ...subnet, 'pets')
  await engine.runContainer('db', '--network', 'pets', '--ip', '10.90.0.9')
  await engine.runContainer('web', '--network', 'pets', '-p', '8080:80')
  await execute('web', 'sh', '-c', 'echo managed > /tmp/index.html; httpd -p 80 -h /tmp')
  expect(await execute('db', 'wget', '-q', '-O', '-', 'http://web')).toBe('managed')
  expect(await engine.inside('curl', '--silent', '--max-time', '3', 'http://127.0.0.1:8080')).toBe('managed')
})

test('what it knows outlives it', async () => {
  await engine.docker('plugin', 'disable', '--force', 'tsnet')
  expect(await execute('db', 'wget', '-q', '-O', '-', 'http://10.90.0.2')).toBe('managed')
  await engine.docker('plugin', 'enable', 'tsnet')
  const taken = engine.runContainer('thief', '--network', 'pets', '--ip', '10.90.0.9')
  await expect(taken).rejects.toThrow('Address already in use')
  await engine.docker('rm', '--force', 'thief', 'db', 'web')
  await engine.docker('network', 'rm', 'pets')
  expect(await links()).toEqual(['docker0', 'lo'])
})
