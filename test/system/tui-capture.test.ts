import { resolve } from 'node:path'
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

const captures = async () => (await labs.world.tryRun('pgrep', ['-fc', 'capture --json'])).stdout.trim()
const ping = () =>
  labs.world.run('ip', ['netns', 'exec', 'tsnet:pets-bridge:web', 'ping', '-c', '2', '-i', '0.2', '172.19.0.2'])

test('c captures on a container: packets with names, layers with their bytes, a file; nothing captures on when it ends', async () => {
  await labs.mustLab('up', 'pets-bridge')
  terminal = await TmuxTerminal.open(`capture-${Math.random()}`.replace('.', ''), { columns: 160, rows: 50 })
  const screen = terminal
  const { pid } = labs.world
  await screen.type(`nsenter -t ${pid} --net --mount --pid --uts -- env PS1=WORLD: sh -i`, 'Enter')
  await screen.waitFor((each) => each.includes('WORLD:'))
  await screen.type(`cd /tmp; clear; ${process.execPath} ${labs.program}; echo STATUS=$?`, 'Enter')
  await screen.waitFor((each) => /^ enter: /m.test(each) && / web /.test(each), DEADLINE_MS)
  await screen.type('/web', 'Enter', 'Home', 'Down', 'Down')
  await screen.waitFor((each) => /▸ +● web /.test(each))
  await screen.type('c')
  await screen.waitFor((each) => /capture · web · ● \d+ packets/.test(each), DEADLINE_MS)
  await ping()
  await screen.waitFor((each) => (each.match(/ web +db +ICMP .*echo request/g)?.length ?? 0) === 2, DEADLINE_MS)
  await screen.type('/echo request', 'Enter', 'Enter')
  const layers = await screen.waitFor((each) => /▾ ICMP .*echo request/.test(each), DEADLINE_MS)
  expect(layers).toMatch(/▹ Ethernet .*\n/)
  expect(layers).toMatch(/^.*0020 .*\[08 00 /m)
  await screen.type('w')
  const written = await screen.waitFor((each) => /capture-web\S*\.pcapng/.test(each), DEADLINE_MS)
  const [file = ''] = /\S*capture-web\S*\.pcapng/.exec(written) ?? []
  const listed = await labs.world.run('tshark', ['-r', resolve('/tmp', file), '-Y', 'icmp.type==8'])
  expect(listed.trim().split('\n')).toHaveLength(2)
  expect(await captures()).toBe('1')
  // a screen that is killed can end nothing itself
  await labs.world.run('sh', ['-c', `kill -9 $(pgrep -fx '${process.execPath} ${labs.program}')`])
  await screen.waitFor((each) => each.includes('STATUS=137'), DEADLINE_MS)
  await expect.poll(captures, { timeout: DEADLINE_MS }).toBe('0')
})
