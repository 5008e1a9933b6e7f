import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type DockerEngine, IMAGE, startDockerEngine, until } from '../helpers/docker-engine.ts'
import { builtProgram } from '../helpers/netns-program.ts'
import { TmuxTerminal } from '../tui/tmux.ts'

const DEADLINE_MS = 20_000
const TARGET = 'ts-attach'

let program: string
let engine: DockerEngine
let terminal: TmuxTerminal | undefined

beforeAll(async () => {
  program = await builtProgram()
  engine = await startDockerEngine()
  await engine.runContainer(TARGET)
})
afterEach(async () => {
  await terminal?.close()
  terminal = undefined
  expect(await engine.docker('ps', '--all', '--format', '{{.Names}}', '--filter', 'label=tsnet')).toBe('')
})
afterAll(() => engine?.stop())

function words(command: readonly string[], image = IMAGE, container = TARGET): string[] {
  const own = [program, 'attach', container, '--image', image, '--docker-socket', engine.socket]
  return command.length === 0 ? own : [...own, '--', ...command]
}

function attach(command: readonly string[], options: { image?: string; container?: string; input?: string } = {}) {
  const { image, container, input = '' } = options
  return spawnSync(process.execPath, words(command, image, container), { encoding: 'utf8', input })
}

test('the command has the network and the processes of the container, our input, and its exit status is ours', async () => {
  const script = 'ip -o address show eth0; cat /proc/1/cmdline; echo; cat; echo wrong >&2; exit 7'
  const { stdout, stderr, status } = attach(['sh', '-c', script], { input: 'from here\n' })
  const address = await engine.docker('inspect', '--format', '{{.NetworkSettings.IPAddress}}', TARGET)
  expect(stdout).toContain(`inet ${address}/16`)
  expect(stdout).toContain('sleep\u000086400')
  expect(stdout).toMatch(/from here\n$/)
  expect({ stderr, status }).toEqual({ stderr: 'wrong\n', status: 7 })
})

test('it may look into the network: the four capabilities, no more than Docker gives besides', () => {
  const { stdout } = attach(['cat', '/proc/self/status'])
  const effective = BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(stdout)?.[1]}`)
  const has = (bit: number) => ((effective >> BigInt(bit)) & 1n) === 1n
  // NET_ADMIN NET_RAW SYS_PTRACE SYS_ADMIN, and not SYS_MODULE, SYS_RAWIO, SYS_BOOT
  expect([12, 13, 19, 21].map(has)).toEqual([true, true, true, true])
  expect([16, 17, 22].map(has)).toEqual([false, false, false])
})

test('a long output arrives whole, and a reader that has seen enough ends the command', () => {
  const line = 'x'.repeat(99)
  const script = `i=0; while [ $i -lt 5000 ]; do echo ${line}; i=$((i+1)); done`
  expect(attach(['sh', '-c', script]).stdout === `${line}\n`.repeat(5_000)).toBe(true)
  const cut = ['sh', '-c', '"$@" | head -n 1', 'sh', process.execPath, ...words(['sh', '-c', script])]
  const { stdout, stderr } = spawnSync(cut[0] ?? '', cut.slice(1), { encoding: 'utf8' })
  expect({ stdout, stderr }).toEqual({ stdout: `${line}\n`, stderr: '' })
})

test('its terminal is ours: raw, of our size as it changes, and afterwards as it was', async () => {
  terminal = await TmuxTerminal.open('attach', { columns: 90, rows: 24 })
  await terminal.type('clear; stty -a | grep -v rows > /tmp/$$.before', 'Enter')
  const script = 'read x; cat /proc/self/stat >/dev/null; echo "<$x>"; read y; exit 5'
  const line = [process.execPath, ...words(['sh', '-c', 'q'])].slice(0, -1).join(' ')
  await terminal.type(`clear; ${line} '${script}'; echo STATUS=$?`, 'Enter')
  await until('the container runs', DEADLINE_MS, async () => (await running()) === 1)
  await terminal.resize(101, 31)
  await terminal.type('typed', 'Enter')
  await terminal.waitFor((screen) => screen.includes('<typed>'))
  await terminal.type('', 'Enter')
  await terminal.waitFor((screen) => screen.includes('STATUS=5'))
  await terminal.type('stty -a | grep -v rows | cmp - /tmp/$$.before && echo SAME; rm /tmp/$$.before', 'Enter')
  await terminal.waitFor((screen) => /^SAME$/m.test(screen))
})

test('what ends us ends it: SIGTERM at once, SIGKILL as soon as somebody attaches again', async () => {
  const first = await started()
  first.kill('SIGTERM')
  await until('we end', DEADLINE_MS, () => first.exitCode !== null)
  expect(first.exitCode).toBe(143)
  expect(await running()).toBe(0)
  const second = await started()
  second.kill('SIGKILL')
  await until('we end', DEADLINE_MS, () => second.signalCode !== null)
  expect(attach(['true'])).toMatchObject({
    status: 0,
    stderr: '1 left behind by an attach that was killed: removed\n',
  })
})

test('without the image the tools of this host are used, in the network of the container', async () => {
  const { stdout, stderr, status } = attach(['readlink', '/proc/self/ns/net'], { image: 'ts-none:1' })
  const pid = await engine.docker('inspect', '--format', '{{.State.Pid}}', TARGET)
  const inode = spawnSync('readlink', [`/proc/${pid}/ns/net`], { encoding: 'utf8' }).stdout
  expect({ stdout, status }).toEqual({ stdout: inode, status: 0 })
  expect(stderr).toMatch(/^▲ the engine has no image ts-none:1 \(docker build .*\): entering with nsenter/)
})

test('what cannot be is said: a container that does not run, a command that is not there, hostile names', async () => {
  await engine.docker('create', '--name', 'ts-stopped', IMAGE, 'true')
  const stopped = attach([], { container: 'ts-stopped' })
  expect(stopped.stderr).toBe('✖ attach ts-stopped: the container is created\n  docker start ts-stopped\n')
  const missing = attach(['/no/such/program'])
  expect(missing.stderr).toMatch(/^✖ start the container: the engine refuses: .*no such file or directory/)
  const hostile = attach([], { container: '../\u001b[2Jx?force=1', image: '\u001b[31m/../x' })
  expect(hostile.stderr).toMatch(/^▲ no engine knows \.\.\/\\x1b\[2Jx\?force=1: entering/)
  expect([stopped.status, missing.status, hostile.status]).toEqual([2, 4, 2])
  const image = attach(['true'], { image: '\u001b[31m/../x' })
  expect(image.stderr).toMatch(/^▲ the engine has no image \\x1b\[31m\/\.\.\/x/)
  await engine.docker('rm', 'ts-stopped')
})

async function running(): Promise<number> {
  const ids = await engine.docker('ps', '--quiet', '--filter', 'label=tsnet')
  return ids === '' ? 0 : ids.split('\n').length
}

async function started(): Promise<ChildProcess> {
  const child = spawn(process.execPath, words(['sleep', '60']), { stdio: 'pipe' })
  await until('the container runs', DEADLINE_MS, async () => (await running()) === 1)
  return child
}
