import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DockerEngine, IMAGE, startDockerEngine, until } from '../helpers/docker-engine.ts'
import { run } from '../helpers/netns-command.ts'
import { builtProgram } from '../helpers/netns-program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = join(ROOT, 'docs/driver.md')
const DEADLINE_MS = 30_000

let engine: DockerEngine
let folder: string
const started: ChildProcess[] = []

beforeAll(async () => {
  const program = await builtProgram()
  folder = mkdtempSync(join(tmpdir(), 'ts-docs-'))
  writeFileSync(join(folder, 'tsnet-shoot'), `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`)
  chmodSync(join(folder, 'tsnet-shoot'), 0o755)
  engine = await startDockerEngine()
  // the page keeps the state where it belongs, which must not be this machine's
  await engine.inside('mount', '-t', 'tmpfs', 'ts-state', '/var/lib')
  await engine.docker('tag', IMAGE, 'busybox')
  await engine.inside('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1')
  await engine.inside('ip', 'link', 'set', 'up0', 'up')
})

afterAll(async () => {
  await engine?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
  rmSync('/tmp/tsnet-plugin', { recursive: true, force: true })
})

/** Of all blocks, in their order. */
function commandsOf(page: string): string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
  return blocks.join('').split('\n').filter(Boolean)
}

const enter = (line: string) => {
  const path = `PATH=${folder}:${process.env['PATH']}`
  return [
    '--target',
    String(engine.keeperPid),
    '--net',
    '--mount',
    '--',
    'env',
    `--chdir=${ROOT}`,
    path,
    'sh',
    '-c',
    line,
  ]
}

async function startInBackground(line: string): Promise<void> {
  const child = spawn('nsenter', enter(`exec ${line}`), { stdio: ['ignore', 'ignore', 'pipe'] })
  started.push(child)
  let log = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  await until(`${line} listens`, DEADLINE_MS, () => log.includes('listening on'))
}

/** What pkill would do on a host where there is but one plugin: here it would see those of others too. */
async function endBackground(): Promise<void> {
  for (const child of started) child.kill('SIGTERM')
  await until('the plugin ends', DEADLINE_MS, () => started.every(({ exitCode }) => exitCode !== null))
}

test('every command of the page on the driver does what it says', async () => {
  const outputs = new Map<string, string>()
  for (const line of commandsOf(readFileSync(PAGE, 'utf8'))) {
    if (line.endsWith(' &')) await startInBackground(line.slice(0, -2))
    else if (line.startsWith('pkill')) await endBackground()
    else outputs.set(line, await run('nsenter', enter(line)))
  }
  const said = (beginning: string) => [...outputs].find(([line]) => line.startsWith(beginning))?.[1]
  expect(said('docker exec db wget')).toBe(said('curl'))
  expect(said('docker run --rm --network six')).toContain('inet6 fd00:22::9/64')
  expect(said('docker run --rm --network lan')).toContain('inet 192.0.2.10/24')
  expect(said('tsnet-shoot driver conformance tsnet')).not.toMatch(/^[✖▲]/m)
  expect(said('docker run --rm --network pets')).toContain('inet 10.20.0.2/24')
})
