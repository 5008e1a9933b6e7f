import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { builtProgram } from '../helpers/netns-program.ts'
import { sampleSnapshot } from '../tui/sample.ts'
import { TmuxTerminal } from '../tui/tmux.ts'

let program: string
let folder: string
let terminal: TmuxTerminal | undefined

beforeAll(async () => {
  execFileSync('tmux', ['-V'])
  program = await builtProgram()
  folder = await mkdtemp(join(tmpdir(), 'ts-tui-'))
  await writeFile(join(folder, 'host.json'), JSON.stringify(sampleSnapshot()))
}, 120_000)

afterEach(async () => {
  await terminal?.close()
  terminal = undefined
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const STATUS_LINE = /^ enter: /m

/** A shell in which the program shows the saved host; `STTY` is what the terminal was like before. */
async function openProgram(size = { columns: 80, rows: 24 }): Promise<TmuxTerminal> {
  terminal = await TmuxTerminal.open(String(Math.random()).slice(2), size)
  await terminal.type(`cd ${folder}; stty -a > before`, 'Enter')
  await terminal.type(`clear; node ${program} --from host.json; echo STATUS=$?`, 'Enter')
  await terminal.waitFor((screen) => STATUS_LINE.test(screen))
  return terminal
}

/** The shell is back, in the terminal that it had. */
async function expectSane(shell: TmuxTerminal): Promise<void> {
  await shell.waitFor((screen) => screen.includes('READY:'))
  await shell.type('stty -a > after; echo DONE', 'Enter')
  await shell.waitFor((screen) => /^DONE$/m.test(screen))
  expect(await readFile(join(folder, 'after'), 'utf8')).toBe(await readFile(join(folder, 'before'), 'utf8'))
  expect(await shell.flag('alternate_on')).toBe('0')
  expect(await shell.flag('mouse_any_flag')).toBe('0')
  expect(await shell.flag('cursor_flag')).toBe('1')
  expect(await shell.flag('wrap_flag')).toBe('1')
}

test('the first screen, a bridge and a description at 80×24, and q leaves the terminal as it was', async () => {
  const shell = await openProgram()
  expect(await shell.flag('alternate_on')).toBe('1')
  expect(await shell.flag('mouse_any_flag')).toBe('1')
  await shell.type(':bridges', 'Enter')
  await shell.waitFor((screen) => /veth22fb +forwarding +db:eth0/.test(screen))
  await shell.type('j', 'Enter')
  await shell.waitFor((screen) => /namespaces ▸ db/.test(screen))
  await shell.type('d')
  await shell.waitFor((screen) => screen.includes('Number of the link'))
  await shell.type('q')
  await shell.waitFor((screen) => STATUS_LINE.test(screen))
  await shell.type('q')
  await shell.waitFor((screen) => screen.includes('STATUS=0'))
  await expectSane(shell)
})

test('both panes at 160×50, and every size on the way there and back is filled', async () => {
  const shell = await openProgram({ columns: 160, rows: 50 })
  await shell.waitFor((screen) => /│ +WHAT/.test(screen))
  for (const [columns, rows] of [
    [80, 24],
    [40, 15],
    [120, 30],
    [160, 50],
  ] as const) {
    await shell.resize(columns, rows)
    const screen = await shell.waitFor((each) => {
      const lines = each.split('\n')
      return lines[rows - 3]?.startsWith(' enter:') === true && lines[rows - 2]?.includes('<?>') === true
    })
    expect(screen.split('\n').every((line) => line.length <= columns)).toBe(true)
    expect(screen.match(/tsnet-shoot|vm {2}6\.18/g)?.length).toBeLessThanOrEqual(2)
  }
})

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s leaves the terminal as it was', async (signal) => {
  const shell = await openProgram()
  process.kill(-(await shell.foreground()), signal)
  await shell.waitFor((screen) => /STATUS=(143|129|130)/.test(screen))
  await expectSane(shell)
})

test('ctrl-x gives the terminal back to the shell, and fg the screen to the program', async () => {
  const shell = await openProgram()
  await shell.type('jj')
  await shell.waitFor((screen) => /▸ {2}● cache/.test(screen))
  await shell.type('', 'C-x')
  await shell.waitFor((screen) => !STATUS_LINE.test(screen) && screen.includes('READY:'))
  await expectSane(shell)
  await shell.type('fg', 'Enter')
  await shell.waitFor((screen) => STATUS_LINE.test(screen) && /▸ {2}● cache/.test(screen))
  await shell.type('k')
  await shell.waitFor((screen) => /▸▾ docker/.test(screen))
  await shell.type('q')
  await expectSane(shell)
})

test('a program stopped from outside comes back whole', async () => {
  const shell = await openProgram()
  const group = await shell.foreground()
  process.kill(-group, 'SIGTSTP')
  await shell.waitFor((screen) => screen.includes('READY:') && !STATUS_LINE.test(screen))
  await expectSane(shell)
  await shell.type('clear; fg', 'Enter')
  const screen = await shell.waitFor((each) => STATUS_LINE.test(each))
  expect(screen).toMatch(/▸● host/)
})

test('a crash says what happened on the terminal as it was', async () => {
  terminal = await TmuxTerminal.open('crash', { columns: 100, rows: 24 })
  const shell = terminal
  await writeFile(join(folder, 'crash.mjs'), "process.on('SIGUSR2', () => { throw new Error('made to fail') })\n")
  await shell.type(`cd ${folder}; stty -a > before; clear`, 'Enter')
  await shell.type(`node --import ./crash.mjs ${program} --from host.json; echo STATUS=$?`, 'Enter')
  await shell.waitFor((screen) => STATUS_LINE.test(screen))
  process.kill(await shell.foreground(), 'SIGUSR2')
  await shell.waitFor((screen) => screen.includes('STATUS=70'))
  expect(await shell.screen()).toContain('a bug ended the screen: Error: made to fail')
  await expectSane(shell)
})

test('a live host: a link appears as it is made, and a shell in its namespace comes back to the screen', async () => {
  terminal = await TmuxTerminal.open('live', { columns: 120, rows: 30 })
  const shell = terminal
  // a world of its own: other programs on this machine make and remove namespaces as well
  const world = 'unshare --net --mount --pid --fork --mount-proc'
  await shell.type(`cd ${folder}; stty -a > before; ${world} env PS1=WORLD: sh -i`, 'Enter')
  await shell.waitFor((screen) => screen.includes('WORLD:'))
  await shell.type('mount -t tmpfs none /run; ip netns add red && clear', 'Enter')
  await shell.type(`SHELL=/bin/sh PS1=INSIDE: node ${program}`, 'Enter')
  await shell.waitFor((screen) => STATUS_LINE.test(screen) && / red /.test(screen), 60_000)
  await shell.type(':links red', 'Enter')
  await shell.waitFor((screen) => /─ red /.test(screen))
  const inWorld = ['-t', String(await shell.foreground()), '--net', '--mount', '--pid', 'ip', '-n', 'red']
  execFileSync('nsenter', [...inWorld, 'link', 'add', 'ts-tui0', 'type', 'veth', 'peer', 'name', 'ts-tui1'])
  await shell.waitFor((screen) => /ts-tui0 +veth +down/.test(screen))
  await shell.type('s')
  await shell.waitFor((screen) => screen.includes('Shell in the network namespace of red.'))
  expect(await shell.flag('alternate_on')).toBe('0')
  await shell.type('echo HERE=$(ip -o link | grep -c ts-tui)', 'Enter')
  await shell.waitFor((screen) => screen.includes('HERE=2'))
  await shell.type('exit', 'Enter')
  await shell.waitFor((screen) => STATUS_LINE.test(screen) || screen.includes('back from red'))
  expect(await shell.flag('alternate_on')).toBe('1')
  await shell.type('k')
  await shell.waitFor((screen) => /▸.ts-tui/.test(screen) || /▸ lo/.test(screen))
  await shell.type('q')
  await shell.waitFor((screen) => screen.includes('WORLD:') && !STATUS_LINE.test(screen))
  await shell.type('exit', 'Enter')
  await expectSane(shell)
})

test('nothing is written while nothing happens', async () => {
  const shell = await openProgram()
  await shell.waitFor((screen) => / findings? {2}/.test(screen))
  const group = await shell.foreground()
  const written = async (): Promise<string> =>
    /wchar: (\d+)/.exec(await readFile(`/proc/${group}/io`, 'utf8'))?.[1] ?? ''
  let before = ''
  // the frame that the screen was waited for may not be out whole
  while (before !== (await written())) {
    before = await written()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  // what would be written without any key: flashes, timers, a cursor
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(await written()).toBe(before)
})

test('NO_COLOR writes no colour, and the marks say the same', async () => {
  terminal = await TmuxTerminal.open('colour', { columns: 120, rows: 30 })
  const shell = terminal
  await shell.type(`cd ${folder}; NO_COLOR=1 node ${program} --from host.json`, 'Enter')
  await shell.waitFor((screen) => STATUS_LINE.test(screen))
  const screen = await shell.screenWithColours()
  expect(screen).not.toMatch(/\x1b\[[0-9;]*(3|4|9|10)[0-7][;m]/)
  expect(screen).toMatch(/✖.*red/)
})

test('a saved view is a new file, and the screen says where', async () => {
  const shell = await openProgram()
  await shell.type('', 'C-s')
  await shell.waitFor(
    (screen) =>
      /saved to .*tsnet-summary-host-\d+T\d+Z\.txt/.test(screen.replaceAll('\n', '')) || screen.includes('saved to'),
  )
  const [file = ''] = (await readdir(folder)).filter((name) => name.startsWith('tsnet-summary-host-'))
  expect(await readFile(join(folder, file), 'utf8')).toContain('192.168.7.9/24')
})
