import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dumpAddresses } from '../../src/route/address.ts'
import { dumpFdb } from '../../src/route/fdb.ts'
import { decodeLink, dumpLinks } from '../../src/route/link.ts'
import { dumpNeighbours } from '../../src/route/neighbour.ts'
import { dumpRoutes } from '../../src/route/route.ts'
import { RTM } from '../../src/route/rtnetlink.ts'
import type { NetlinkSocket } from '../../src/socket.ts'
import { type TestNamespace, testNamespace } from '../helpers/namespace.ts'

let here: TestNamespace
let remembering: NetlinkSocket
let fresh: NetlinkSocket

beforeEach(() => {
  here = testNamespace()
  remembering = here.socket({ remember: true })
  // the kernel cuts the first answer into smaller datagrams, for nobody has received from the socket yet
  dumpLinks(remembering)
  fresh = here.socket()
})
afterEach(() => here.remove())

test('a table that did not change is the same array, and one that did is what the kernel has now', () => {
  const before = dumpAddresses(remembering)
  expect(dumpAddresses(remembering)).toBe(before)
  here.ip('link set lo up')
  const after = dumpAddresses(remembering)
  expect(after).not.toBe(before)
  expect(after).toEqual(dumpAddresses(fresh))
  expect(after.map(({ address }) => address)).toContain('127.0.0.1')
})

test('of a table of many datagrams, what did not change keeps its objects', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dump-memory-'))
  const added = Array.from({ length: 2000 }, (_, at) => `route add blackhole 10.9.${at >> 8}.${at & 255}\n`)
  writeFileSync(join(folder, 'routes'), added.join(''))
  here.ip(`-batch ${folder}/routes`)
  rmSync(folder, { recursive: true })
  const before = dumpRoutes(remembering)
  here.ip('route del blackhole 10.9.7.200')
  const after = dumpRoutes(remembering)
  expect(after).toEqual(dumpRoutes(fresh))
  expect(after).toHaveLength(before.length - 1)
  expect(after[0]).toBe(before[0])
})

test('ages alone do not make a permanent neighbour or FDB entry another one', async () => {
  here.ip('link add name v0 type veth peer name v1')
  here.ip('link add name br0 type bridge')
  here.ip('link set v0 master br0 up')
  here.ip('neigh add 10.1.2.3 lladdr 02:00:00:00:00:01 dev v1 nud permanent')
  const neighbours = dumpNeighbours(remembering)
  const fdb = dumpFdb(remembering)
  await expect.poll(() => here.run('cat /proc/uptime')).not.toBe(here.run('cat /proc/uptime'))
  expect(dumpNeighbours(remembering)).toBe(neighbours)
  expect(dumpFdb(remembering)).toBe(fdb)
  expect(dumpNeighbours(fresh)).toEqual(neighbours)
  expect(dumpFdb(fresh)).toEqual(fdb)
})

test('requests that differ, and decoders that differ, have memories of their own', () => {
  here.ip('link add name v0 type veth peer name v1')
  const all = dumpLinks(remembering)
  expect(dumpLinks(remembering, { kind: 'veth' }).map(({ name }) => name)).toEqual(['v1', 'v0'])
  expect(dumpLinks(remembering)).toBe(all)
  const nameOf = (message: Parameters<typeof decodeLink>[0]) => decodeLink(message)?.name
  const names = remembering.dump({ type: RTM.GETLINK, fill: (writer) => writer.zeros(16) }, nameOf)
  expect(names).toEqual(all.map(({ name }) => name))
  expect(dumpLinks(remembering)).toBe(all)
})
