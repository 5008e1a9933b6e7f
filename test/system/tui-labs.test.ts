import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LabWorld, openLabWorld } from '../helpers/lab-world.ts'
import { TmuxTerminal } from '../tui/tmux.ts'

let labs: LabWorld
let terminal: TmuxTerminal | undefined

beforeEach(async () => {
  labs = await openLabWorld()
}, 120_000)

afterEach(async () => {
  await terminal?.close()
  terminal = undefined
  await labs.world.close()
})

const STATUS_LINE = /^ enter: /m
/** Until a lab is up or down on a busy machine. */
const DEADLINE_MS = 60_000

/** The program on a terminal inside the world, at its view of the labs. */
async function openLabs(before = ''): Promise<TmuxTerminal> {
  terminal = await TmuxTerminal.open(`labs-${Math.random()}`.replace('.', ''), { columns: 80, rows: 24 })
  const world = `nsenter -t ${labs.world.pid} --net --mount --pid --uts -- env PS1=WORLD: sh -i`
  await terminal.type(world, 'Enter')
  await terminal.waitFor((screen) => screen.includes('WORLD:'))
  await terminal.type(`clear; ${before} ${process.execPath} ${labs.program}; echo STATUS=$?`, 'Enter')
  await terminal.waitFor((screen) => STATUS_LINE.test(screen), DEADLINE_MS)
  await terminal.type(':lab', 'Enter')
  await terminal.waitFor((screen) => /pets-bridge +– +2 +2 +The pets/.test(screen), DEADLINE_MS)
  return terminal
}

/** What is there of labs, besides the shell and the program on the terminal, and what tests beside this one leave in /etc. */
async function traces(): Promise<string> {
  const text = await labs.traces()
  return text
    .split('\n')
    .filter((line) => !(line.startsWith(process.execPath) || /^env PS1|^\d+$|^\/etc\/netns\/ts-/.test(line)))
    .join('\n')
}

test('a lab is built, looked at and removed on the screen, and nothing of it is left', async () => {
  const before = await traces()
  const screen = await openLabs()
  await screen.type('/pets-bridge$|pets-bridge ', 'Enter')
  await screen.type('u')
  await screen.waitFor((each) => /▸ pets-bridge +up/.test(each), DEADLINE_MS)
  expect(await labs.mustLab('ls')).toMatch(/pets-bridge +up/)
  await screen.waitFor((each) => each.includes('5 namespaces') || each.includes('6 namespaces'), DEADLINE_MS)
  await screen.type('', 'Enter')
  await screen.waitFor((each) => /host-A +192\.168\.0\.2\/24/.test(each) && /web +172\.19\.0\.3\/24/.test(each))
  await screen.type('', 'Enter')
  await screen.waitFor((each) => /eth0 +192\.168\.0\.10\/24/.test(each))
  await screen.type('s')
  await screen.waitFor((each) => each.includes('Shell in the network namespace of client.'))
  await screen.type('echo INSIDE=$(ip -br address show eth0)', 'Enter')
  await screen.waitFor((each) => /^INSIDE=.*192\.168\.0\.10/m.test(each))
  await screen.type('exit', 'Enter')
  await screen.waitFor((each) => each.includes('back from client'))
  await screen.type(':lab down pets-bridge', 'Enter')
  await screen.waitFor((each) => each.includes('remove lab pets-bridge, and end what runs in it?'))
  await screen.type('y')
  await screen.waitFor((each) => each.includes('pets-bridge is removed') && /pets-bridge +–/.test(each), DEADLINE_MS)
  expect(await traces()).toBe(before)
  await screen.type('q')
  await screen.waitFor((each) => each.includes('STATUS=0'))
})

test('esc during a build, and the end of the program, take back what was built', async () => {
  const before = await traces()
  const screen = await openLabs()
  await screen.type(':lab up pets-bridge', 'Enter')
  await screen.type('', 'Escape')
  await screen.waitFor(
    (each) => /pets-bridge: stopped, and|pets-bridge is up: it was built before/.test(each),
    DEADLINE_MS,
  )
  if ((await labs.lab('down', 'pets-bridge')).status === 0) {
    await screen.waitFor((each) => /pets-bridge +–/.test(each), DEADLINE_MS)
  }
  expect(await traces()).toBe(before)
  await screen.type(':lab up pets-bridge', 'Enter')
  process.kill(-(await screen.foreground()), 'SIGTERM')
  await screen.waitFor((each) => each.includes('STATUS=143'), DEADLINE_MS)
  expect(await labs.mustLab('ls')).toMatch(/pets-bridge +-/)
  expect(await traces()).toBe(before)
})

test('a program that is killed during a build leaves no lab half-way', async () => {
  const before = await traces()
  const screen = await openLabs()
  await screen.type(':lab up pets-bridge', 'Enter')
  await screen.waitFor((each) => /building \d/.test(each) || each.includes('pets-bridge is up'), DEADLINE_MS)
  process.kill(await screen.foreground(), 'SIGKILL')
  await expect.poll(() => labs.mustLab('ls'), { timeout: DEADLINE_MS }).toMatch(/pets-bridge +(-|up)$/m)
  await labs.lab('down', 'pets-bridge')
  await expect.poll(traces, { timeout: DEADLINE_MS }).toBe(before)
})

test('a lab that somebody else builds appears, and is entered by its name', async () => {
  const screen = await openLabs()
  await labs.mustLab('up', 'none')
  await screen.waitFor((each) => /none +up/.test(each), DEADLINE_MS)
  await screen.type(':lab down n', 'Tab')
  await screen.waitFor((each) => each.includes(':lab down none'))
  await screen.type('', 'Enter')
  await screen.type('n')
  await screen.waitFor((each) => each.includes('nothing was done'))
  expect(await labs.mustLab('down', 'none')).toContain('none is down')
  await screen.waitFor((each) => /none +–/.test(each), DEADLINE_MS)
})

test('without the privileges the screen says what is needed', async () => {
  const screen = await openLabs('setpriv --bounding-set -sys_admin')
  await screen.type(':lab up none', 'Enter')
  await screen.waitFor((each) => each.includes('a lab needs CAP_SYS_ADMIN: start tsnet-shoot as root'))
  expect(await labs.mustLab('ls')).toMatch(/none +-/)
})
