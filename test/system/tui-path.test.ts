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

const DEADLINE_MS = 60_000

test('a path is predicted, again when a rule stops it, and leads to that rule; the doctor and the matrix answer', async () => {
  await labs.mustLab('up', 'pets-bridge')
  terminal = await TmuxTerminal.open(`path-${Math.random()}`.replace('.', ''), { columns: 160, rows: 50 })
  const screen = terminal
  const { pid } = labs.world
  await screen.type(`nsenter -t ${pid} --net --mount --pid --uts -- env PS1=WORLD: sh -i`, 'Enter')
  await screen.waitFor((each) => each.includes('WORLD:'))
  await screen.type(`clear; ${process.execPath} ${labs.program}; echo STATUS=$?`, 'Enter')
  await screen.waitFor((each) => /^ enter: /m.test(each) && / web /.test(each), DEADLINE_MS)
  await screen.type(':path web db:8500', 'Enter')
  await screen.waitFor((each) => /web → db:8500 · ✓ delivered and answered/.test(each), DEADLINE_MS)
  const rule = ['iptables', '-I', 'DOCKER-USER', '-j', 'DROP']
  await labs.world.run('ip', ['netns', 'exec', 'tsnet:pets-bridge:host-A', ...rule])
  await screen.waitFor((each) => /~ changed +before +✓ delivered/.test(each), DEADLINE_MS)
  await screen.waitFor((each) => /✖ +\d host-A +forward +✖ dropped by filter DOCKER-USER rule 1/.test(each))
  await screen.type('/host-A +forward', 'Enter', 'End', 'Enter')
  const firewall = await screen.waitFor((each) => /▸ +-j DROP/.test(each), DEADLINE_MS)
  expect(firewall).toContain('[8 firewall]')
  await screen.type(':matrix', 'Enter')
  await screen.waitFor((each) => /matrix · \d+ pairs, \d+ ✖/.test(each) && /web +[[ ][✓✖]/.test(each), DEADLINE_MS)
  await screen.type(':doctor', 'Enter')
  await screen.waitFor((each) => /doctor · (no finding|\d+ (error|warning))/.test(each), DEADLINE_MS)
  await screen.type('q')
  await screen.waitFor((each) => each.includes('STATUS=0'))
})
