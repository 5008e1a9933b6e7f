import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { type DockerEngine, IMAGE, startDockerEngine, until } from '../helpers/docker-engine.ts'
import { buildImage, lackForBuild } from '../helpers/image-build.ts'
import { run, tryRun } from '../helpers/netns-command.ts'
import { builtProgram } from '../helpers/netns-program.ts'
import { skipTest } from '../helpers/skip.ts'
import { TmuxTerminal } from '../tui/tmux.ts'

const BUILD_DEADLINE_MS = 400_000
const DEADLINE_MS = 30_000
const CAPABILITIES = ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE'].flatMap((name) => ['--cap-add', name])

let engine: DockerEngine | undefined
let image = ''
let lack: string | undefined
let folder: string
let terminal: TmuxTerminal | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ts-image-'))
  lack = await lackForBuild()
  if (lack !== undefined) return
  engine = await startDockerEngine({ ownPids: true, daemonOptions: ['--storage-driver', 'overlay2'] })
  image = await buildImage(engine, folder)
  await engine.docker('network', 'create', 'front')
  await engine.docker('run', '-d', '--name', 'ts-db', '--network', 'front', IMAGE, 'sleep', '86400')
  await engine.docker('run', '-d', '--name', 'ts-web', '--network', 'front', IMAGE, 'httpd', '-f', '-p', '8080')
}, BUILD_DEADLINE_MS)

afterEach(async () => {
  await terminal?.close()
  terminal = undefined
})
afterAll(async () => {
  await engine?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function engineOf(context: TestContext): DockerEngine {
  return engine ?? skipTest(context, { reason: `the image cannot be built: ${lack}` })
}

async function addressOf(running: DockerEngine, name: string): Promise<string> {
  return running.docker('inspect', '--format', '{{.NetworkSettings.Networks.front.IPAddress}}', name)
}

/** `docker run --rm`, and what came of it. */
function container(running: DockerEngine, options: readonly string[], ...command: string[]) {
  return tryRun('docker', ['--host', `unix://${running.socket}`, 'run', '--rm', ...options, image, ...command])
}

function checkFile(name: string, checks: readonly string[]): string {
  const path = join(folder, name)
  writeFileSync(path, `checks:\n${checks.map((check) => `  - ${check}\n`).join('')}`)
  return path
}

/** The screen in a terminal of ours, asked for something, and left by `q`. */
async function driveScreen(running: DockerEngine, words: readonly string[], wanted: RegExp): Promise<void> {
  terminal = await TmuxTerminal.open('image', { columns: 100, rows: 30 })
  await terminal.type(`clear; docker --host unix://${running.socket} ${words.join(' ')}; echo STATUS=$?`, 'Enter')
  await terminal.waitFor((screen) => /^ enter: /m.test(screen), DEADLINE_MS)
  await terminal.type(':links', 'Enter')
  await terminal.waitFor((screen) => wanted.test(screen))
  await terminal.type('q')
  await terminal.waitFor((screen) => screen.includes('STATUS=0'))
}

describe('the image, beside a container,', () => {
  const beside = ['--net', 'container:ts-web', '--pid', 'container:ts-web', ...CAPABILITIES]

  test('shows its interfaces, sockets and DNS chain', async (context) => {
    const running = engineOf(context)
    const links = JSON.parse((await container(running, beside, 'show', 'links', '--json')).stdout) as { name: string }[]
    const listed = await running.docker('exec', 'ts-web', 'ip', '-o', 'link')
    expect(links.map(({ name }) => name)).toEqual([...listed.matchAll(/^\d+: (\w+)/gm)].map(([, name]) => name))
    expect((await container(running, beside, 'show', 'sockets')).stdout).toMatch(/LISTEN\s+.*:8080\s.*httpd/)
    const { stdout } = await container(running, beside, 'dns', 'host', 'ts-db')
    expect(stdout).toContain('127.0.0.11')
    expect(stdout).toMatch(/rule +DOCKER_OUTPUT: .*-j DNAT --to-destination 127\.0\.0\.11:/)
    expect(stdout).toContain(`ts-db A  NOERROR  A ${await addressOf(running, 'ts-db')}`)
  })

  test('judges checks, and its screen can be driven', async (context) => {
    const running = engineOf(context)
    const good = checkFile('good.yaml', ['{ tcp: "127.0.0.1:8080" }', '{ dns: ts-db }', '{ ping: ts-db }'])
    const bad = checkFile('bad.yaml', ['{ tcp: "127.0.0.1:8081" }'])
    const mounted = (path: string) => [...beside, '-v', `${path}:/checks.yaml:ro`]
    const passed = await container(running, mounted(good), 'check', '/checks.yaml')
    expect({ status: passed.status, said: passed.stdout }).toMatchObject({ status: 0 })
    expect((await container(running, mounted(bad), 'check', '/checks.yaml')).status).toBe(1)
    await driveScreen(running, ['run', '-it', '--rm', ...beside, image], /eth0 .*veth/)
  })

  test('says what it may not do, and shows what it can without any capability', async (context) => {
    const running = engineOf(context)
    const bare = ['-i', '--net', 'container:ts-web', '--cap-drop', 'ALL']
    const { stderr, status } = await container(running, bare)
    expect(status).toBe(0)
    for (const name of ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE']) expect(stderr).toContain(`without ${name}:`)
    const user = await container(running, [...bare, '--user', 'tsnet'], 'show', 'addrs')
    expect(user.stdout).toContain(`${await addressOf(running, 'ts-web')}/`)
  })

  test('is what attach starts', async (context) => {
    const running = engineOf(context)
    const words = ['attach', 'ts-web', '--image', image, '--docker-socket', running.socket, '--', 'show', 'sockets']
    expect(await run(process.execPath, [await builtProgram(), ...words])).toMatch(/:8080\s.*httpd/)
  })
})

describe('the image, on the host of the engine,', () => {
  // not --privileged, which asks for capabilities that a machine in a sandbox may lack itself
  const socket = ['-v', '/run/docker.sock:/var/run/docker.sock']
  const host = ['--net', 'host', '--pid', 'host', ...CAPABILITIES, ...socket]

  test('names all containers, judges checks inside them, and its screen can be driven', async (context) => {
    const running = engineOf(context)
    const spaces = JSON.parse(await running.docker('run', '--rm', ...host, image, 'ns', '--json')) as {
      inode: number
      owner: { kind: string; name: string }
    }[]
    const owners = spaces.map(({ owner }) => `${owner.kind}:${owner.name}`)
    expect(owners).toEqual(expect.arrayContaining(['docker:ts-web', 'docker:ts-db']))
    expect(spaces.map(({ inode }) => inode)).toContain(statSync(`/proc/${running.pid}/ns/net`).ino)
    const good = checkFile('host.yaml', ['{ from: ts-db, tcp: "ts-web:8080" }', '{ from: ts-web, dns: ts-db }'])
    const bad = checkFile('closed.yaml', ['{ from: ts-db, tcp: "ts-web:8081" }'])
    const passed = await container(running, [...host, '-v', `${good}:/c.yaml:ro`], 'check', '/c.yaml')
    expect({ status: passed.status, said: passed.stdout }).toMatchObject({ status: 0 })
    expect((await container(running, [...host, '-v', `${bad}:/c.yaml:ro`], 'check', '/c.yaml')).status).toBe(1)
    await driveScreen(running, ['run', '-it', '--rm', ...host, image], /docker0/)
  })
})

describe('the image, as a sidecar in Compose’s way,', () => {
  test('serves the checks that are mounted, is as healthy as they say, and its screen can be driven', async (context) => {
    const running = engineOf(context)
    const checks = checkFile('sidecar.yaml', ['{ name: web listens, tcp: "127.0.0.1:8080" }', '{ dns: ts-db }'])
    const mounted = ['-v', `${checks}:/etc/tsnet-shoot/checks.yaml:ro`, '--health-interval', '1s']
    await running.docker(
      'run',
      '-d',
      '--name',
      'ts-side',
      '--net',
      'container:ts-web',
      ...CAPABILITIES,
      ...mounted,
      image,
    )
    const health = () => running.docker('inspect', '--format', '{{.State.Health.Status}}', 'ts-side')
    await until('the sidecar is healthy', DEADLINE_MS, async () => (await health()) === 'healthy')
    const metrics = await running.docker('exec', 'ts-web', 'wget', '-qO-', 'http://127.0.0.1:9469/metrics')
    expect(metrics).toContain('web listens')
    const again = ['exec', 'ts-side', 'tsnet-shoot', 'check', '/etc/tsnet-shoot/checks.yaml']
    expect(await running.docker(...again)).toContain('2 passed')
    await driveScreen(running, ['exec', '-it', 'ts-side', 'tsnet-shoot'], /eth0 .*veth/)
    await running.docker('rm', '-f', 'ts-side')
  })
})
