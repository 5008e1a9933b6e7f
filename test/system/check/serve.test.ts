import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CheckReport } from '../../../src/model/check.ts'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'
import type { CommandResult } from '../../helpers/netns-command.ts'

let labs: LabWorld
const program = (...words: string[]): Promise<CommandResult> =>
  labs.world.tryRun(process.execPath, [labs.program, ...words])

beforeAll(async () => {
  labs = await openLabWorld()
})
afterAll(() => labs.world.close())

describe('check', () => {
  test('runs nothing of a file that is wrong, nor of the good one beside it', async () => {
    const good = await labs.write('good.yaml', 'checks: [{command: [touch, /run/files/touched]}]\n')
    const bad = await labs.write('bad.yaml', 'checks: [{linck: lo}]\n')
    const { status, stdout, stderr } = await program('check', good, bad, '--allow-commands')
    expect([status, stdout, stderr]).toEqual([2, '', `${bad}:1:11: unknown key linck (did you mean link?)\n`])
    expect((await labs.world.tryRun('ls', ['/run/files/touched'])).status).not.toBe(0)
    expect((await program('check', 'lint', good)).stdout).toBe('the file is good: 1 checks\n')
    expect((await program('check', '/run/files/none.yaml')).status).toBe(2)
  })

  test('runs no command unless it may, and none through a shell', async () => {
    const file = await labs.write(
      'command.yaml',
      'checks: [{command: [echo, "a; touch /run/files/touched"], expect: {output: {starts: "a; t"}}}]\n',
    )
    const refused = await program('check', file)
    expect(refused.status).toBe(4)
    expect(refused.stdout).toContain('commands are not run (allow it with --allow-commands)')
    expect((await program('check', file, '--allow-commands')).status).toBe(0)
  })

  test('ends what hangs at its timeout, with what it started', async () => {
    const file = await labs.write(
      'hangs.yaml',
      'checks: [{command: [sh, -c, "sleep 987 & sleep 987"], timeout: 300ms}, {tcp: "192.0.2.1:1", timeout: 300ms, expect: closed}]\n',
    )
    const { stdout, status } = await program('check', file, '--allow-commands')
    expect(status).toBe(1)
    expect(stdout).toContain('sh: no end within 300 ms')
    expect(await labs.world.run('sh', ['-c', 'ps -e -o args= | grep -c "^sleep 987" || true'])).toBe('0\n')
  })

  test('waits for what is to come, and says how it ended by severity', async () => {
    const file = await labs.write(
      'waits.yaml',
      'checks: [{link: late0, wait: 20s}, {link: never0, severity: warning}]\n',
    )
    const running = program('check', file, '--json')
    await labs.world.run('ip', ['link', 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1'])
    const { stdout, status } = await running
    const { results } = JSON.parse(stdout) as CheckReport
    expect(results.map(({ verdict }) => verdict)).toEqual(['passed', 'failed'])
    expect(status).toBe(3)
    await labs.world.run('ip', ['link', 'delete', 'late0'])
  })

  test('writes several forms at once, and has the exit status of a plugin for Nagios alone', async () => {
    const file = await labs.write(
      'lo.yaml',
      'checks: [{link: lo, expect: {mtu: 1, up: true}, severity: warning}, {link: lo}]\n',
    )
    const { stdout, status } = await program(
      'check',
      file,
      '-f',
      'nagios',
      '-f',
      'tap=/run/files/tap',
      '-f',
      'junit=/run/files/xml',
    )
    expect(stdout).toMatch(/^CHECK WARNING - 1 passed, 1 failed, 0 not tested: link lo \| passed=1;/)
    expect(status).toBe(1)
    expect(await labs.world.run('cat', ['/run/files/tap'])).toMatch(
      /^TAP version 14\n1\.\.2\nnot ok 1 - link lo # TODO warning\n/,
    )
    expect(await labs.world.run('cat', ['/run/files/xml'])).toContain('<failure type="warning"')
    expect((await program('check', file, '-f', 'tap', '--json')).status).toBe(2)
    expect((await program('check', file, '-f', 'tpa')).stderr).toContain('did you mean tap?')
  })

  test('judges a saved snapshot, and does not try what it is to try there', async () => {
    await labs.world.run(process.execPath, [labs.program, 'snapshot', '-o', '/run/files/host.json'])
    const file = await labs.write('saved.yaml', 'checks: [{link: lo, expect: {up: true}}, {ping: 127.0.0.1}]\n')
    const { stdout, status } = await program('check', file, '--from', '/run/files/host.json', '--json')
    expect(status).toBe(4)
    expect((JSON.parse(stdout) as CheckReport).results.map(({ verdict }) => verdict)).toEqual(['passed', 'untested'])
  })
})

describe('check serve', () => {
  const ended = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => child.once('exit', (status) => resolve(status)))

  test('tells by HTTP what came of the checks, to this machine alone, until SIGTERM', async () => {
    const file = await labs.write('served.yaml', 'checks: [{link: lo}, {link: extra0, expect: absent}]\n')
    const get = async (path: string, ...words: string[]) =>
      (
        await labs.world.tryRun('curl', [
          '-s',
          '-w',
          '\n%{http_code} %{content_type}',
          ...words,
          `http://127.0.0.1:9119${path}`,
        ])
      ).stdout
    const server = labs.world.start(process.execPath, [labs.program, 'check', 'serve', file, '--every', '200ms'])
    await vi.waitFor(async () => expect(await get('/healthz')).toMatch(/^2 passed in .*\n\n200 text\/plain/), {
      timeout: 20_000,
      interval: 100,
    })
    expect(await get('/metrics')).toMatch(/tsnet_check_passed\{id="1",.*\} 1\n[\s\S]*200 text\/plain; version=0\.0\.4/)
    expect(JSON.parse((await get('/report')).split('\n200 ')[0] ?? '')).toMatchObject({ counts: { passed: 2 } })
    expect(await get('/etc/passwd')).toMatch(/404 text/)
    expect(await get('/report', '-X', 'POST')).toMatch(/405 text/)
    expect(await get(`/${'x'.repeat(20_000)}`)).toMatch(/431/)
    const listening = await labs.world.run('ss', ['-Hltn'])
    expect(listening).toMatch(/127\.0\.0\.1:9119/)
    expect(listening).not.toMatch(/(0\.0\.0\.0|\*|\[::\]):9119/)
    await labs.world.run('ip', ['link', 'add', 'extra0', 'type', 'veth', 'peer', 'name', 'extra1'])
    await vi.waitFor(async () => expect(await get('/healthz')).toMatch(/^1 passed, 1 failed in .*\n\n503/), {
      timeout: 20_000,
      interval: 100,
    })
    const end = ended(server)
    await labs.world.run('sh', ['-c', 'kill -TERM $(pgrep -f "[c]heck serve")'])
    expect(await end).toBe(0)
    await labs.world.run('ip', ['link', 'delete', 'extra0'])
  })

  test('check --watch tells what has changed', async () => {
    const file = await labs.write('watched.yaml', 'checks: [{link: lo}, {link: extra0, expect: absent}]\n')
    const watching = labs.world.start(process.execPath, [labs.program, 'check', file, '--watch', '200ms'], {
      stdio: 'pipe',
    })
    let said = ''
    watching.stdout?.on('data', (piece) => {
      said += String(piece)
    })
    const says = (pattern: RegExp) => vi.waitFor(() => expect(said).toMatch(pattern), { timeout: 20_000, interval: 50 })
    await says(/^✔ link lo\n✔ link extra0\n2 passed/)
    await labs.world.run('ip', ['link', 'add', 'extra0', 'type', 'veth', 'peer', 'name', 'extra1'])
    await says(/2 passed[^✔]*✖ .*watched\.yaml:1:\d+: link extra0\n {4}it is there\n1 passed, 1 failed/)
    const end = ended(watching)
    await labs.world.run('sh', ['-c', 'kill -INT $(pgrep -f "[c]heck .*--watch")'])
    expect(await end).toBe(1)
  })
})
