import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RetiredAddresses } from '../../../src/driver/controller/retired-addresses.ts'

const OLD = { address: '10.0.0.2/24', addressIpv6: 'fd00::2/64', mac: '02:42:aa:aa:aa:aa' }
const NEW = { ...OLD, mac: '02:42:bb:bb:bb:bb' }

let folder: string
let retired: RetiredAddresses

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsnet-retired-'))
  retired = new RetiredAddresses(folder)
})
afterEach(() => {
  retired.flush()
  rmSync(folder, { recursive: true })
})

test('an address that nobody had need not be announced', () => {
  expect(retired.take('n', NEW)).toBe(false)
})

test('one that somebody had with another MAC needs it, once, and in that network alone', () => {
  retired.add('n', OLD)
  expect(retired.take('m', NEW)).toBe(false)
  expect(retired.take('n', NEW)).toBe(true)
  expect(retired.take('n', NEW)).toBe(false)
})

test('one that comes back with its MAC does not', () => {
  retired.add('n', OLD)
  expect(retired.take('n', OLD)).toBe(false)
})

test('a MAC that follows from the address is not kept', () => {
  retired.add('n', { address: '10.0.0.2/24', mac: '02:42:0a:00:00:02' })
  expect(retired.take('n', NEW)).toBe(false)
})

test('where the kernel chose the MAC nobody knows it, so it is announced', () => {
  const { mac: _, ...unknown } = OLD
  retired.add('n', unknown)
  expect(retired.take('n', unknown)).toBe(true)
})

test('it is known after a restart, until the network goes', () => {
  retired.add('n', OLD)
  retired.flush()
  const next = new RetiredAddresses(folder)
  next.forget('n')
  expect(new RetiredAddresses(folder).take('n', NEW)).toBe(false)
  retired.add('n', OLD)
  retired.flush()
  expect(new RetiredAddresses(folder).take('n', NEW)).toBe(true)
})

test('what is empty has no file', () => {
  retired.add('n', OLD)
  retired.flush()
  expect(readdirSync(folder)).toEqual(['n.json'])
  retired.take('n', NEW)
  retired.flush()
  expect(readdirSync(folder)).toEqual([])
})
