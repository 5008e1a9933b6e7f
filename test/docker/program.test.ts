import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FirewallRule, Link, NamespaceIdentity } from '../../src/model/snapshot.ts'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'
import { builtProgram } from '../helpers/netns-program.ts'

const run = promisify(execFile)
let program: string
let engine: DockerEngine

beforeAll(async () => {
  program = await builtProgram()
  engine = await startDockerEngine()
  await engine.docker('network', 'create', 'front')
  await engine.runContainer('ts-program', '--network', 'front', '-p', '8080:80')
})

afterAll(() => engine?.stop())

async function json<Row>(...words: string[]): Promise<Row[]> {
  const { stdout } = await run(process.execPath, [program, ...words, '--json'], { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout)
}

async function inodeOfContainer(): Promise<number> {
  const pid = await engine.docker('inspect', '--format', '{{.State.Pid}}', 'ts-program')
  return statSync(`/proc/${pid}/ns/net`).ino
}

test('ns names the container whose namespace it is', async () => {
  const id = await engine.docker('inspect', '--format', '{{.Id}}', 'ts-program')
  const inode = await inodeOfContainer()
  const rows = await json<NamespaceIdentity>('ns')
  expect(rows.find((row) => row.inode === inode)?.owner).toEqual({
    kind: 'docker',
    name: 'ts-program',
    containerId: id,
  })
})

test('show iptables of the engine’s namespace has the rules of iptables-save, counters included', async () => {
  const rows = await json<FirewallRule>('show', 'iptables', '-n', `pid:${engine.pid}`)
  // nothing sends through these chains, so the counters stand still between the two readings
  const saved = (await engine.inside('iptables-save', '-c')).split('\n').filter((line) => line.startsWith('['))
  const ours = rows.filter(({ family }) => family === 'ip')
  const lines = ours.map(({ packets, bytes, chain, text }) => `[${packets}:${bytes}] -A ${chain} ${text}`)
  expect(saved.length).toBeGreaterThan(10)
  expect(lines.sort()).toEqual(saved.sort())
})

test('show veth of the container leads to the port of its bridge', async () => {
  const host = statSync(`/proc/${engine.pid}/ns/net`).ino
  const inside = await json<Link>('show', 'veth', '-n', 'docker:ts-program')
  const eth0 = inside.find(({ name }) => name === 'eth0')
  expect(eth0?.peer?.namespace).toBe(host)
  const outside = await json<Link & { namespace: { inode: number } }>('show', 'links', '-n', `inode:${host}`)
  const port = outside.find(({ index }) => index === eth0?.peer?.index)
  expect(port?.peer).toEqual({ namespace: await inodeOfContainer(), index: eth0?.index })
})
