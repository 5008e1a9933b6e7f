import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildLibraries } from '../../../../scripts/build-library.mjs'
import { dumpLinks } from '../../src/route/link.ts'
import { type TestNamespace, testNamespace } from '../helpers/namespace.ts'

const run = promisify(execFile)
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))
const example = (name: string) => join(PACKAGE, 'examples', `${name}.mjs`)

let here: TestNamespace

beforeAll(async () => {
  await buildLibraries()
  here = testNamespace()
}, 120_000)
afterAll(() => here.remove())

test('list-links lists the links and addresses of a namespace, and names one that does not exist', async () => {
  here.ip('link set lo up')
  const { stdout } = await run(process.execPath, [example('list-links'), `/run/netns/${here.name}`])
  expect(stdout).toBe('1: lo  UNKNOWN mtu 65536 127.0.0.1/8 ::1/128\n')
  await expect(run(process.execPath, [example('list-links'), '/run/netns/ts-nl-nosuch'])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('system: open namespace'),
  })
})

test('veth-pair makes its pair, shows the routes inside and leaves nothing', async () => {
  const { stdout } = await run('ip', ['netns', 'exec', here.name, process.execPath, example('veth-pair')])
  expect(stdout).toContain('inside: default via 192.0.2.1')
  expect(dumpLinks(here.socket()).map(({ name }) => name)).toEqual(['lo'])
})

test('watch tells what happens until it is interrupted', async () => {
  const program = spawn('ip', ['netns', 'exec', here.name, process.execPath, example('watch')])
  const seen = read(program)
  // its socket listens some time after the start
  await until(() => {
    here.ip('link add ex0 type ifb')
    here.ip('link del ex0')
    return seen.text.includes('here "link gone" "ex0"')
  })
  program.kill('SIGINT')
  const [status] = await once(program, 'exit')
  expect(status).toBe(0)
})

function read(program: ChildProcess): { text: string } {
  const seen = { text: '' }
  program.stdout?.on('data', (chunk) => {
    seen.text += chunk
  })
  return seen
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); ) {
    if (Date.now() > end) throw new Error('waited 20 s in vain')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('the package holds what it needs and runs from its tarball', async () => {
  const folder = await mkdtemp('/tmp/ts-nl-pack-')
  try {
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: PACKAGE,
    })
    const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'dist/event-worker.mjs']),
    )
    expect(paths.filter((path) => /^(src|test|bench)\//.test(path))).toEqual([])
    await run('tar', ['-xzf', join(folder, filename), '-C', folder])
    const entry = join(folder, 'package', 'dist', 'index.js')
    expect(await readFile(join(folder, 'package', 'README.md'), 'utf8')).toContain('# netlink-ts')
    // koffi is found beside this checkout; all else must come from the tarball
    const koffi = fileURLToPath(new URL('../../../../node_modules', import.meta.url))
    await run('ln', ['-s', koffi, join(folder, 'node_modules')])
    const script = `import { dumpLinks, NetlinkSocket } from ${JSON.stringify(entry)}; console.log(dumpLinks(new NetlinkSocket(0)).length)`
    const ran = await run(process.execPath, ['--input-type=module', '-e', script])
    expect(Number(ran.stdout)).toBeGreaterThan(0)
  } finally {
    await rm(folder, { recursive: true })
  }
}, 60_000)
