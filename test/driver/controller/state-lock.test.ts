import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StateLock } from '../../../src/driver/controller/state-lock.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsnet-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('one holds it at a time, and says who', () => {
  const lock = StateLock.acquire(folder)
  expect(() => StateLock.acquire(folder)).toThrow(`state folder ${folder}: process ${process.pid} works on it`)
  lock.release()
  StateLock.acquire(folder).release()
  expect(readdirSync(folder)).toEqual([])
})

test('what a process left that is gone is taken over', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const startTime = readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[19]
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: child.pid, startTime }))
  expect(() => StateLock.acquire(folder)).toThrow(`process ${child.pid} works on it`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  StateLock.acquire(folder).release()
})

test('a process with the number of the one that is gone does not hold it', () => {
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, startTime: '1' }))
  const lock = StateLock.acquire(folder)
  expect(() => StateLock.acquire(folder)).toThrow('works on it')
  lock.release()
})

test.each(['', '{', '[]', '{"pid":"1"}'])('a lock that says %j is nobody’s', (content) => {
  writeFileSync(join(folder, 'lock'), content)
  StateLock.acquire(folder).release()
  expect(existsSync(join(folder, 'lock'))).toBe(false)
})
