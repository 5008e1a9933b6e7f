import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { installCommand, missingPackages } from '../../scripts/debian.mjs'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('the lockfile names no registry', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> }
  const resolved = Object.values(packages).flatMap((entry) => entry.resolved ?? [])
  expect(resolved.filter((location) => /^\w+:/.test(location))).toEqual([])
})

test('koffi is the only package that comes along with tsnet-shoot', () => {
  expect(Object.keys(JSON.parse(read('package.json')).dependencies)).toEqual(['koffi'])
})

test('what netlink-ts needs at run time, tsnet-shoot has in the same version', () => {
  expect(JSON.parse(read('packages/netlink-ts/package.json')).dependencies).toEqual(
    JSON.parse(read('package.json')).dependencies,
  )
})

test('on a machine without any command, everything is missing and named in one line to type', () => {
  expect(missingPackages('start', [])).toEqual(['iptables', 'nftables', 'util-linux'])
  expect(missingPackages('test', [])).toEqual(
    expect.arrayContaining(['iptables', 'ipvsadm', 'docker.io', 'qemu-system-x86']),
  )
  expect(missingPackages('check', [])).toEqual([])
  expect(installCommand(['nftables', 'jq'])).toBe(
    'apt-get update && apt-get install --no-install-recommends nftables jq',
  )
})
