import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SHOW_KINDS } from '../../src/report/columns.ts'
import { type CommandOptions, tryRun } from '../helpers/netns-command.ts'
import { builtProgram } from '../helpers/netns-program.ts'
import { snapshotFixture, snapshotPath } from '../helpers/snapshots.ts'

const FROM = ['--from', snapshotPath('docker-host')]
const HOSTILE = ['--from', snapshotPath('hostile')]
const folder = mkdtempSync(join(tmpdir(), 'ts-cli-'))
const program = {
  file: '',
  run: (words: readonly string[], options?: CommandOptions) =>
    tryRun(process.execPath, [program.file, ...words], options),
}

beforeAll(async () => {
  program.file = await builtProgram()
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('a request that cannot be understood ends with 2 and the nearest names:', () => {
  test.each([
    ['a command', ['shwo'], 'shwo: no such command', 'show'],
    ['an option', ['ns', '--jsno'], 'unknown option --jsno', '--json'],
    ['a kind', ['show', 'lnks', ...FROM], 'show lnks: no such kind', 'links'],
    ['a column', ['show', 'links', '--columns', 'lnk', ...FROM], 'column lnk: no such column', 'link'],
    ['a column to sort by', ['ns', '--sort', 'inod', ...FROM], 'column inod: no such column', 'inode'],
    ['a selector', ['ns', '-n', 'wep', ...FROM], 'select wep: no such namespace', 'web'],
    ['a kind of a snapshot', ['snapshot', '--kinds', 'link', ...FROM], 'kinds link: no such kind', 'links'],
    ['a format', ['topo', '--format', 'dott', ...FROM], 'topo: no such format: dott', 'dot'],
    ['a shell', ['completion', 'bsh'], 'completion bsh: no such shell', 'bash'],
    ['a missing word', ['show'], 'show: KIND is missing', 'links'],
    ['a word too many', ['ns', 'web'], 'ns: one word too many: web', '--help'],
    ['a missing value', ['ns', '-n'], 'ns: --netns wants a value', '--netns SELECTOR'],
    ['a kind of event', ['watch', '--kinds', 'lnk'], 'watch lnk: no such kind of event', 'link'],
  ])('%s', async (_, words, message, nearest) => {
    const { status, stdout, stderr } = await program.run(words)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toContain(nearest)
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2)
  })
})

describe('a snapshot file that cannot be used ends with 2, saying what and where:', () => {
  const whole = readFileSync(snapshotPath('docker-host'), 'utf8')
  test.each([
    ['cut off', whole.slice(0, 5_000), 'ends in the middle, after 5000 characters'],
    ['not JSON', '{"format": 1,\n  oops}', 'not JSON, at line 2, column 3'],
    ['empty', '', 'the file is empty'],
    ['of another format', '{"format": 99}', 'format 99, and this program reads format 1'],
    ['something else', '{"pets": []}', 'not a snapshot'],
    [
      'with a wrong field',
      whole.replace('"mtu": 65536', '"mtu": "big"'),
      'links[0].mtu: expected number, found string',
    ],
  ])('%s', async (name, text, message) => {
    const file = join(folder, `${name}.json`)
    writeFileSync(file, text)
    const { status, stderr } = await program.run(['ns', '--from', file])
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) })
    expect(stderr).toContain(file)
  })

  test('not there', async () => {
    const { status, stderr } = await program.run(['ns', '--from', join(folder, 'nothing.json')])
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('no such file') })
  })

  test('saved without what is asked for', async () => {
    const file = join(folder, 'links-only.json')
    writeFileSync(file, JSON.stringify({ ...snapshotFixture('docker-host'), kinds: ['links', 'addrs'] }))
    const { status, stderr } = await program.run(['show', 'routes', '--from', file])
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('was saved without routes') })
  })
})

describe('a saved snapshot', () => {
  test.each(SHOW_KINDS.filter((kind) => kind !== 'conntrack'))(
    'is shown as %s, as a table and as JSON',
    async (kind) => {
      const table = await program.run(['show', kind, ...FROM])
      expect(table.status).toBe(0)
      expect(table.stdout).toMatch(/^NAMESPACE /)
      const { stdout, stderr } = await program.run(['show', kind, ...FROM, '--json'])
      const rows = JSON.parse(stdout) as { namespace: { inode: number; name: string } }[]
      for (const { namespace } of rows)
        expect(namespace).toEqual({ inode: expect.any(Number), name: expect.any(String) })
      expect(stderr).toBe('')
    },
  )

  test('has no connections to show, and says so', async () => {
    const { status, stderr } = await program.run(['show', 'conntrack', ...FROM])
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('how many connections') })
  })

  test('is printed again as it was read', async () => {
    const { stdout } = await program.run(['snapshot', ...FROM])
    expect(JSON.parse(stdout)).toEqual(snapshotFixture('docker-host'))
  })

  test('is read from stdin too', async () => {
    const input = readFileSync(snapshotPath('docker-host'), 'utf8')
    const { stdout } = await program.run(['show', 'links', '-n', 'web', '--from', '-', '--columns', 'link,peer'], {
      input,
    })
    expect(stdout).toBe('LINK  PEER\nlo\neth0  host:veth1f2a ▸ br-46cf\n')
  })

  test('is written to a file that only its owner can read', async () => {
    const file = join(folder, 'written.json')
    expect((await program.run(['snapshot', ...FROM, '-o', file])).status).toBe(0)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(snapshotFixture('docker-host'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('redacted with the same seed is the same, and tells no name', async () => {
    const redact = async (seed: string) => (await program.run(['snapshot', ...FROM, '--redact', '--seed', seed])).stdout
    const [first, again, other] = [await redact('a'), await redact('a'), await redact('b')]
    expect(first).toBe(again)
    expect(first).not.toBe(other)
    expect(first).not.toMatch(/dockerhost|172\.19\.0\.3|02:42:ac:13:00:03/)
  })

  test('differs from itself in nothing, and from a changed one in what was changed', async () => {
    const host = snapshotFixture('docker-host')
    const changed = structuredClone(host) as unknown as { namespaces: { links: { mtu: number }[] }[] }
    const link = changed.namespaces[1]?.links[1]
    if (link !== undefined) link.mtu = 1400
    const file = join(folder, 'changed.json')
    writeFileSync(file, JSON.stringify(changed))
    expect((await program.run(['diff', snapshotPath('docker-host'), snapshotPath('docker-host')])).stdout).toBe('')
    const { stdout, status } = await program.run(['diff', snapshotPath('docker-host'), file])
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^web\n.*mtu 1500 → 1400\n$/) })
    const json = await program.run(['diff', snapshotPath('docker-host'), file, '--json'])
    expect(JSON.parse(json.stdout)).toHaveLength(1)
  })

  test('gives an overview where there is no terminal', async () => {
    const { stdout, stderr } = await program.run(FROM)
    expect(stdout).toMatch(/^dockerhost {2}6\.1\.0-18-amd64 {2}6 namespaces · 3 bridges · 3 containers\n\nNAME /)
    expect(stderr).toContain('hidden: podman: its socket does not answer (systemctl start podman.socket)')
  })
})

describe('words about the data', () => {
  test('are on stderr, and absent with --json', async () => {
    const table = await program.run(['ns', ...FROM])
    expect(table.stderr).toContain('▲ hidden: podman')
    expect(table.stdout).not.toContain('hidden')
    const json = await program.run(['ns', ...FROM, '--json'])
    expect(json.stderr).toBe('')
    expect(JSON.parse(json.stdout)[1]).toEqual({
      inode: 4026532623,
      names: ['web'],
      owner: expect.objectContaining({ kind: 'docker', name: 'web' }),
      pids: [4411, 4412],
    })
  })

  test('tell how each command is used', async () => {
    for (const name of ['ns', 'show', 'snapshot', 'diff', 'topo', 'watch', 'enter', 'completion']) {
      const { status, stdout } = await program.run([name, '--help'])
      expect({ name, status, stdout }).toEqual({ name, status: 0, stdout: expect.stringContaining('Examples:') })
      expect(stdout).toMatch(new RegExp(`^Usage: tsnet-shoot ${name} `))
    }
    expect((await program.run(['help', 'show'])).stdout).toContain('Usage: tsnet-shoot show KIND')
    expect((await program.run(['--help'])).stdout).toContain('completion')
  })
})

describe('hostile names', () => {
  const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\ufffd\u200b]/u
  test.each([
    [['ns']],
    [['show', 'links', '--wide']],
    [['show', 'iptables']],
    [['topo']],
    [['topo', '--format', 'dot']],
    [['topo', '--format', 'mermaid']],
    [['topo', '--format', 'svg']],
    [['ns', '--json']],
    [['show', 'links', '--json']],
    [['snapshot']],
    [[]],
  ])('reach the terminal harmlessly: %s', async (words) => {
    const { status, stdout, stderr } = await program.run([...words, ...HOSTILE])
    expect(status).toBe(0)
    expect(stdout.replaceAll('\n', '')).not.toMatch(INVISIBLE)
    expect(stderr.replaceAll('\n', '')).not.toMatch(INVISIBLE)
  })

  test('are the same value in JSON, however they are written', async () => {
    const { stdout } = await program.run(['snapshot', ...HOSTILE])
    expect(JSON.parse(stdout)).toEqual(snapshotFixture('hostile'))
  })

  test('in an error are shown harmlessly too', async () => {
    const { status, stderr } = await program.run(['ns', '-n', '\x1b[31mweb\u202e', ...FROM])
    expect(status).toBe(2)
    expect(stderr).toContain('\\x1b[31mweb\\u202e')
  })

  test('are not offered to a shell, which would expand them', async () => {
    const { stdout } = await program.run(['__complete', '--', 'ns', ...HOSTILE, '-n', ''])
    expect(stdout).toContain('host\n')
    expect(stdout).not.toMatch(/reboot|\\|\$/)
  })
})

describe('the terminal', () => {
  /** script(1) gives the program a terminal of its own. */
  const onTerminal = (words: readonly string[], environment: Readonly<Record<string, string>>, columns = 200) => {
    const command = ['stty', 'cols', String(columns), '&&', process.execPath, program.file, ...words].join(' ')
    return tryRun('script', ['-qec', command, '/dev/null'], { environment: { TERM: 'xterm', ...environment } })
  }

  test('gets colour, unless it is not wanted', async () => {
    const words = ['show', 'links', ...FROM]
    const without = { NO_COLOR: '' }
    expect((await onTerminal(words, without)).stdout).toContain('\x1b[1m')
    expect((await onTerminal([...words, '--no-color'], without)).stdout).not.toContain('\x1b')
    expect((await onTerminal(words, { NO_COLOR: '1' })).stdout).not.toContain('\x1b')
    expect((await onTerminal(words, { TERM: 'dumb' })).stdout).not.toContain('\x1b')
    expect((await program.run(words, { environment: without })).stdout).not.toContain('\x1b')
  })

  test.each([40, 80, 120])('of %d columns is not overrun by a table', async (columns) => {
    const { stdout } = await onTerminal(['show', 'links', ...FROM], { NO_COLOR: '1' }, columns)
    const lines = stdout.split(/\r?\n/).filter((line) => !line.startsWith('▲'))
    expect(lines.filter((line) => line.length > columns)).toEqual([])
    expect(lines.length).toBeGreaterThan(10)
  })
})

describe('completion', () => {
  const candidates = async (...words: string[]) =>
    (await program.run(['__complete', '--', ...words])).stdout.split('\n')

  test('knows commands, kinds, columns and options', async () => {
    expect(await candidates('sh')).toEqual(['show', ''])
    expect(await candidates('show', 'ip')).toEqual(['iptables', 'ipset', 'ipvs', ''])
    expect(await candidates('show', 'fdb', '--sort', 'w')).toEqual(['who', ''])
    expect(await candidates('ns', '--js')).toEqual(['--json', ''])
    expect(await candidates('snapshot', '--kinds', 'links,ad')).toEqual(['links,addrs', ''])
  })

  test('knows the namespaces', async () => {
    expect(await candidates('ns', ...FROM, '-n', 'docker:w')).toEqual(['docker:web', ''])
  })

  test('works in bash, colons included', async () => {
    const script = [
      `source <(${process.execPath} ${program.file} completion bash)`,
      `tsnet-shoot() { ${process.execPath} ${program.file} "$@"; }`,
      `COMP_LINE="tsnet-shoot ns --from ${snapshotPath('docker-host')} -n docker:w"; COMP_POINT=\${#COMP_LINE}`,
      '_tsnet_shoot; printf "%s\\n" "$COMPREPLY"',
    ].join('\n')
    expect(await tryRun('bash', ['-c', script])).toEqual({ status: 0, stdout: 'web\n', stderr: '' })
  })
})

describe('pipes', () => {
  test('that are closed early are no error', async () => {
    const command = `${process.execPath} ${program.file} show sysctl -n host | head -n 1; exit "\${PIPESTATUS[0]}"`
    const { status, stdout } = await tryRun('bash', ['-c', command])
    expect({ status, lines: stdout.trimEnd().split('\n').length }).toEqual({ status: 0, lines: 1 })
  })

  test('get the whole of a large output', async () => {
    const host = snapshotFixture('docker-host')
    const namespaces = Array.from({ length: 500 }, (_, position) => {
      return { ...host.namespaces[0], inode: 10_000 + position, owner: { kind: 'netns', name: `n${position}` } }
    })
    const file = join(folder, 'large.json')
    writeFileSync(file, JSON.stringify({ ...host, namespaces }))
    const command = `${process.execPath} ${program.file} snapshot --from ${file} | (sleep 0.5; cat)`
    const { stdout } = await tryRun('bash', ['-c', command])
    expect(stdout.length).toBeGreaterThan(4_000_000)
    expect(JSON.parse(stdout).namespaces).toHaveLength(500)
  })
})
