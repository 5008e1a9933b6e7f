import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { isSample, type Sample } from '../../src/model/sample.ts'
import { builtProgram } from '../helpers/netns-program.ts'
import { openWorld, type World } from '../helpers/netns-world.ts'
import { TmuxTerminal } from '../tui/tmux.ts'

let program: string
let folder: string
let world: World
let terminal: TmuxTerminal | undefined

beforeAll(async () => {
  program = await builtProgram()
  folder = await mkdtemp(join(tmpdir(), 'ts-dash-'))
  world = await openWorld()
  await world.run('sh', ['-c', WIRED])
})

afterEach(async () => {
  await terminal?.close()
  terminal = undefined
})

afterAll(async () => {
  await world?.close()
  await rm(folder, { recursive: true, force: true })
})

/** Two namespaces with a cable; one has a name with tags of blessed in it. */
const HOSTILE = 'a{red-fg}b'
const WIRED = [
  'set -e',
  `ip netns add '${HOSTILE}'`,
  'ip netns add quiet',
  `ip link add eth0 netns '${HOSTILE}' type veth peer name eth0 netns quiet`,
  `ip -n '${HOSTILE}' addr add 10.77.0.1/24 dev eth0`,
  'ip -n quiet addr add 10.77.0.2/24 dev eth0',
  `ip -n '${HOSTILE}' link set eth0 up`,
  'ip -n quiet link set eth0 up',
].join('\n')

const KEYS = / tab .*space/

async function openDash(words: string, size = { columns: 80, rows: 24 }, own = program): Promise<TmuxTerminal> {
  terminal = await TmuxTerminal.open(String(Math.random()).slice(2), size)
  await terminal.type(`cd ${folder}; stty -a > before`, 'Enter')
  await terminal.type(`clear; ${words.replace('PROGRAM', `node ${own}`)}; echo STATUS=$?`, 'Enter')
  await terminal.waitFor((screen) => KEYS.test(screen))
  return terminal
}

async function expectSane(shell: TmuxTerminal, status: number): Promise<void> {
  const left = await shell.waitFor((screen) => screen.includes('STATUS='))
  expect(left).toContain(`STATUS=${status}`)
  await shell.type('stty -a > after; echo DONE', 'Enter')
  await shell.waitFor((screen) => /^DONE$/m.test(screen))
  expect(await readFile(join(folder, 'after'), 'utf8')).toBe(await readFile(join(folder, 'before'), 'utf8'))
  for (const flag of ['alternate_on', 'mouse_any_flag', 'mouse_standard_flag']) expect(await shell.flag(flag)).toBe('0')
  expect(await shell.flag('cursor_flag')).toBe('1')
  expect(left).not.toMatch(/Warning|Error| at /)
}

/** A link that sent as many bytes as told, second by second. */
async function writeRecording(bytes: readonly number[]): Promise<void> {
  const samples = bytes.map(
    (txBytes, second): Sample => ({
      at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
      counters: [
        {
          inode: 7,
          name: HOSTILE,
          owner: 'netns',
          links: [{ index: 2, name: 'eth0', kind: 'veth', rxBytes: 0, txBytes, losses: second }],
          ipvs: [],
          talkers: [{ text: '10.0.0.1 → 10.0.0.2:80 tcp', connections: 2, bytes: txBytes }],
        },
      ],
    }),
  )
  await writeFile(join(folder, 'host.ndjson'), samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
}

test('a recording is shown at once, at 80×24 and after a resize, names as they are, and q leaves the terminal as it was', async () => {
  await writeRecording([0, 1_000_000, 3_000_000])
  const shell = await openDash('PROGRAM dash --from host.ndjson --speed 0')
  const screen = await shell.waitFor((each) => /2\.0 MB/.test(each) && each.includes('at its end'))
  expect(screen).toContain(HOSTILE)
  expect(screen).toMatch(/┌─ MB\/s ─+┐┌─ namespaces by rate ─+┐/)
  expect(screen).toMatch(/10\.0\.0\.1.*tcp +2 +2\.0 MB/)
  expect(screen).toMatch(/dropped +1 +2/)
  await shell.type('', 'Left')
  await shell.waitFor((each) => /host\.ndjson 0:00\/0:02/.test(each) && !/2\.0 MB/.test(each))
  await shell.type('', 'End')
  await shell.waitFor((each) => /2\.0 MB/.test(each) && each.includes('at its end'))
  await shell.type('v')
  await shell.type('', 'BTab')
  await shell.type('v')
  await shell.waitFor((each) => /interfaces by rate/.test(each))
  await shell.resize(160, 50)
  const large = await shell.waitFor((each) => each.split('\n')[49]?.includes('q quit') === true)
  expect(large.split('\n').filter((line) => line.startsWith('┌─ '))).toHaveLength(3)
  await shell.resize(80, 24)
  await shell.waitFor((each) => each.split('\n')[23]?.includes('space q') === true)
  await shell.type('q')
  await expectSane(shell, 0)
})

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const)('%s leaves the terminal as it was', async (signal, status) => {
  await writeRecording([0, 5])
  const shell = await openDash('PROGRAM dash --from host.ndjson')
  process.kill(await shell.foreground(), signal)
  await expectSane(shell, status)
})

test('it runs from a folder without modules, and without a description of the terminal', async () => {
  await writeRecording([0, 5])
  const alone = join(folder, 'alone/dist')
  await cp(dirname(program), alone, { recursive: true })
  await mkdir(join(folder, 'alone/node_modules'))
  const koffi = fileURLToPath(new URL('../../node_modules/koffi', import.meta.url))
  await cp(koffi, join(folder, 'alone/node_modules/koffi'), { recursive: true })
  const words = 'TERM=unheard-of TERMINFO=/none PROGRAM dash --from host.ndjson'
  const shell = await openDash(words, undefined, join(alone, 'tsnet-shoot.js'))
  await shell.type('q')
  await expectSane(shell, 0)
})

test('what watch records of packets in the kernel is what was sent, and dash shows it live', async () => {
  const recording = record()
  const ping = `ip netns exec '${HOSTILE}' ping -q -i 0.02 -c 100 -s 1000 10.77.0.2`
  await world.run('sh', ['-c', `sleep 1; ${ping}`])
  const samples = await recording
  const counted = samples.map(({ counters }) => counters.find(({ name }) => name === HOSTILE)?.links)
  const bytes = counted.map((links) => links?.find(({ name }) => name === 'eth0')?.txBytes ?? 0)
  // Ethernet, IP and ICMP around 1000 bytes; neighbours are found with a few packets more
  const sent = (bytes.at(-1) ?? 0) - (bytes[0] ?? 0)
  expect(sent).toBeGreaterThanOrEqual(100 * 1042 * 0.9)
  expect(sent).toBeLessThan(100 * 1042 + 5000)
  const busy = world.start('sh', ['-c', `ip netns exec '${HOSTILE}' ping -q -i 0.002 -s 1400 10.77.0.2`])
  const enter = `nsenter -t ${world.pid} --net --mount --pid --uts --`
  const shell = await openDash(`${enter} PROGRAM dash -n quiet -n '${HOSTILE}'`, { columns: 120, rows: 30 })
  const screen = await shell.waitFor((each) => /quiet +[\d.]+ kB +[\d.]+ kB +0/.test(each))
  expect(screen).not.toMatch(/^│? *host /m)
  busy.kill('SIGKILL')
  await shell.type('q')
  await expectSane(shell, 0)
})

/** What watch writes in five seconds. */
async function record(): Promise<Sample[]> {
  const words = [program, 'watch', '--json', '--counters', '200ms', '-n', HOSTILE]
  const { stdout } = await world.tryRun('timeout', ['-s', 'INT', '5', process.execPath, ...words])
  const values: unknown[] = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  return values.filter(isSample)
}
