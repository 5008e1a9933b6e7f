import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { buildSync } from 'esbuild'
import { afterEach, expect, test } from 'vitest'
import { type DiscoveredNamespace, discoverNamespaces, inodeOfPath, inodeOfPid } from '../../src/kernel/namespaces.ts'
import { identifyOwners } from '../../src/owners/identify.ts'

const children: ChildProcess[] = []
const names: string[] = []

afterEach(async () => {
  for (const child of children.splice(0)) await end(child)
  for (const name of names.splice(0)) execFileSync('ip', ['netns', 'delete', name])
})

/** Starts a program and waits for the first line that it prints. */
async function start(program: string, ...words: string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) return { child, line }
  throw new Error(`${program} said nothing`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

function netns(suffix: string): string {
  const name = `ts-disc-${process.pid}-${suffix}`
  execFileSync('ip', ['netns', 'add', name])
  names.push(name)
  return name
}

/** Without what other programs of this machine hold open at the moment, another tsnet-shoot for one. */
function at(inode: number): DiscoveredNamespace | undefined {
  return discoverNamespaces({ heldFds: false }).namespaces.find((namespace) => namespace.inode === inode)
}

function inodeOf(path: string): number {
  return statSync(path).ino
}

async function ownerOf(inode: number) {
  return (await identifyOwners(discoverNamespaces().namespaces, { podmanSockets: [] })).owners.get(inode)
}

const PRINT_OWN = 'readlink /proc/self/ns/net | tr -dc 0-9; echo'

test('our own namespace is the first, marked, and holds this process', () => {
  const [first] = discoverNamespaces().namespaces
  expect(first).toMatchObject({ inode: inodeOf('/proc/self/ns/net'), host: true, isOwn: true })
  expect(first?.pids).toContain(process.pid)
  expect(first?.pids).toEqual([...(first?.pids ?? [])].sort((a, b) => a - b))
  expect(new Set(first?.pids).size).toBe(first?.pids.length)
})

test('an ip netns name is found by its mount, once, and owns its namespace', async () => {
  const name = netns('a')
  const inode = inodeOf(`/run/netns/${name}`)
  expect(at(inode)).toMatchObject({ names: [name], pids: [], host: false, isOwn: false, paths: [`/run/netns/${name}`] })
  expect(discoverNamespaces().namespaces.filter((each) => each.inode === inode)).toHaveLength(1)
  expect(await ownerOf(inode)).toEqual({ kind: 'netns', name })
  expect(inodeOfPath(`/run/netns/${name}`)).toBe(inode)
})

test('two names of one namespace are one entry with both', () => {
  const name = netns('b')
  const second = `${name}-again`
  execFileSync('touch', [`/run/netns/${second}`])
  execFileSync('mount', ['--bind', `/run/netns/${name}`, `/run/netns/${second}`])
  names.push(second)
  expect(at(inodeOf(`/run/netns/${name}`))?.names).toEqual([name, second])
})

test('a namespace tagged by the lab belongs to the lab', async () => {
  const name = `tsnet:ts-disc-${process.pid}:h1`
  execFileSync('ip', ['netns', 'add', name])
  names.push(name)
  expect(await ownerOf(inodeOf(`/run/netns/${name}`))).toEqual({
    kind: 'lab',
    lab: `ts-disc-${process.pid}`,
    name: 'h1',
  })
})

test('a namespace of a process alone is found by that process and named after it', async () => {
  const { line, child } = await start('unshare', '--net', 'sh', '-c', `${PRINT_OWN}; exec sleep 600`)
  const inode = Number(line)
  expect(at(inode)).toMatchObject({ names: [], pids: [child.pid], mounts: [], heldBy: [] })
  expect(await ownerOf(inode)).toMatchObject({ kind: 'process', process: { pid: child.pid } })
  expect(inodeOfPid(child.pid ?? 0)).toBe(inode)
})

test('a bind mount in another mount namespace is found and can be entered through its process', async () => {
  const script = `mount -t tmpfs t /mnt; touch /mnt/net; unshare --net=/mnt/net true; stat -c %i /mnt/net; exec sleep 600`
  const { line, child } = await start('unshare', '--mount', '--propagation', 'private', 'sh', '-c', script)
  const namespace = at(Number(line))
  expect(namespace?.names).toEqual(['/mnt/net'])
  expect(namespace?.paths).toEqual([`/proc/${child.pid}/root/mnt/net`])
  expect(inodeOf(namespace?.paths[0] ?? '')).toBe(Number(line))
})

test('a namespace held by an open descriptor alone is found, with who holds it', async () => {
  const program = `
    const { openSync, fstatSync } = require('node:fs')
    const { execFileSync, spawn } = require('node:child_process')
    const child = spawn('unshare', ['--net', 'sh', '-c', 'echo; read x'], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdout.once('data', () => {
      const fd = openSync('/proc/' + child.pid + '/ns/net')
      child.once('exit', () => console.log(fd, fstatSync(fd).ino))
      child.stdin.end()
    })
    process.stdin.resume()`
  const { line, child } = await start(process.execPath, '--eval', program)
  const [fd, inode] = line.split(' ').map(Number)
  const namespace = discoverNamespaces().namespaces.find((each) => each.inode === inode)
  expect(namespace).toMatchObject({ pids: [], mounts: [] })
  expect(namespace?.heldBy).toContainEqual({ pid: child.pid, fd })
  expect(namespace?.paths).toContain(`/proc/${child.pid}/fd/${fd}`)
  const own =
    namespace === undefined ? [] : [{ ...namespace, heldBy: namespace.heldBy.filter(({ pid }) => pid === child.pid) }]
  const { owners } = await identifyOwners(own, { podmanSockets: [] })
  expect(owners.get(inode ?? 0)).toMatchObject({ kind: 'fd', process: { pid: child.pid, fd } })
  expect(at(inode ?? 0)).toBeUndefined()
})

test('a thread in a namespace of its own is found, though its process is elsewhere', async () => {
  const body = `
    const { readlinkSync, statSync } = require('node:fs')
    require('koffi').load('libc.so.6').func('int unshare(int)')(0x40000000)
    console.log(readlinkSync('/proc/thread-self').split('/')[2], statSync('/proc/thread-self/ns/net').ino)
    setInterval(() => {}, 60000)`
  const program = `new (require('node:worker_threads').Worker)(${JSON.stringify(body)}, { eval: true })`
  const { line, child } = await start(process.execPath, '--eval', program)
  const [tid, inode] = line.split(' ').map(Number)
  const namespace = at(inode ?? 0)
  expect(namespace).toMatchObject({ pids: [], tasks: [{ pid: child.pid, tid }] })
  expect(namespace?.paths).toEqual([`/proc/${child.pid}/task/${tid}/ns/net`])
  expect(inodeOfPid(tid ?? 0)).toBe(inode)
  expect(await ownerOf(inode ?? 0)).toMatchObject({ kind: 'process', process: { pid: child.pid } })
})

test('a namespace that is gone is no longer discovered', async () => {
  const { line, child } = await start('unshare', '--net', 'sh', '-c', `${PRINT_OWN}; exec sleep 600`)
  expect(at(Number(line))).toBeDefined()
  await end(child)
  expect(at(Number(line))).toBeUndefined()
})

test('namespaces that come and go all the time never make discovery fail', async () => {
  const churn = 'echo; while :; do unshare --net sh -c "unshare --net true"; done'
  await start('sh', '-c', churn)
  for (let round = 0; round < 200; round++) expect(discoverNamespaces().namespaces[0]?.isOwn).toBe(true)
})

test('what is not a namespace has no inode as one', () => {
  for (const path of ['/etc/passwd', '/proc/self', '/nowhere', '/proc/version', ''])
    expect(inodeOfPath(path)).toBeUndefined()
  expect(inodeOfPid(2 ** 22 + 1)).toBeUndefined()
})

test('an unprivileged user sees its own namespace and is told what is hidden', () => {
  const program = `import { discoverNamespaces } from '${new URL('../../src/kernel/namespaces.ts', import.meta.url).pathname}'
console.log(JSON.stringify(discoverNamespaces()))`
  const { outputFiles } = buildSync({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    write: false,
  })
  const words = ['--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all', '--inh-caps=-all']
  const output = execFileSync('setpriv', [...words, process.execPath, '-'], {
    input: outputFiles[0]?.text,
    encoding: 'utf8',
  })
  const { namespaces, hidden } = JSON.parse(output)
  expect(namespaces[0]).toMatchObject({ inode: inodeOf('/proc/self/ns/net'), host: true, isOwn: true })
  expect(hidden).toEqual([
    {
      subject: 'namespaces of other users',
      reason: expect.stringMatching(/^the namespaces of \d+ processes may not be read$/),
      hint: expect.stringContaining('CAP_SYS_PTRACE'),
    },
  ])
})
