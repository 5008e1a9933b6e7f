import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type RunOptions, runTool } from '../../src/kernel/run.ts'

const limits: RunOptions = { deadlineMs: 20_000, maxOutputBytes: 1_000_000 }
const node = (script: string, options: RunOptions = limits) => runTool(process.execPath, ['-e', script], options)

describe('a tool', () => {
  test('gets its arguments as they are and its input, and gives what it printed', async () => {
    const script = 'process.stdin.pipe(process.stdout); console.error(process.argv[1])'
    const hostile = '$(touch /tmp/x); `x` "'
    const result = await runTool(process.execPath, ['-e', script, hostile], { ...limits, input: 'zażółć' })
    expect(result).toEqual({ stdout: 'zażółć', stderr: `${hostile}\n` })
  })

  test('may leave its input unread', async () => {
    expect(
      (await node('process.stdin.destroy(); console.log(1)', { ...limits, input: 'x'.repeat(1_000_000) })).stdout,
    ).toBe('1\n')
  })

  test('that fails is an error with its first words', async () => {
    await expect(node('console.error("no such chain\\nhelp"); process.exit(3)')).rejects.toMatchObject({
      code: 'failed',
      message: `${process.execPath}: no such chain`,
    })
    await expect(node('process.exit(3)')).rejects.toThrow('exit status 3')
  })

  test('that is refused is an error of privilege', async () => {
    await expect(
      node('console.error("Operation not permitted (you must be root)"); process.exit(1)'),
    ).rejects.toMatchObject({
      code: 'privilege',
    })
  })

  test('that is not installed is an error that names the package', async () => {
    await expect(runTool('tsnet-no-such-tool', [], { ...limits, package: 'iptables' })).rejects.toMatchObject({
      code: 'unsupported',
      hint: 'install the package iptables',
    })
  })

  test('that never ends is ended', async () => {
    await expect(node('setInterval(() => 0, 1000)', { ...limits, deadlineMs: 300 })).rejects.toThrow(
      'no end within 300 ms',
    )
  })

  test('that prints for ever is ended', async () => {
    const script = 'const f = () => process.stdout.write("x".repeat(60000), f); f()'
    await expect(node(script)).rejects.toThrow('more than 1000000 bytes')
  })

  test('is ended when its reader refuses the output, and by a signal', async () => {
    const onOutput = () => {
      throw new RangeError('refused')
    }
    await expect(node('console.log(1); setInterval(() => 0, 1000)', { ...limits, onOutput })).rejects.toThrow('refused')
    const signal = AbortSignal.timeout(200)
    await expect(node('setInterval(() => 0, 1000)', { ...limits, signal })).rejects.toThrow('interrupted')
  })
})

describe('a namespace', () => {
  test('that is gone is an error of its own, and no descriptor stays open', async () => {
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    const gone = { ...limits, namespace: { path: '/proc/4194304/ns/net' } }
    await expect(runTool('true', [], gone)).rejects.toMatchObject({ code: 'vanished' })
    const other = { ...limits, namespace: { path: '/proc/self/ns/net', inode: 1 } }
    await expect(runTool('true', [], other)).rejects.toMatchObject({ code: 'vanished' })
    expect(open()).toBeLessThanOrEqual(before)
  })
})

test('more tools than may run at once all come to their end', async () => {
  const results = await Promise.all(Array.from({ length: 40 }, (_, i) => runTool('echo', [String(i)], limits)))
  expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 40 }, (_, i) => i))
})
