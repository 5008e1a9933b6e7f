import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TsnetError } from '../../../src/errors.ts'
import { type AgentChannel, type AgentRequest, askAgent, openChannel } from '../../../src/lab/agent/agent-channel.ts'

let folder: string
let path: string
let channel: AgentChannel | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ts-agent-'))
  path = join(folder, 'agent.sock')
})

afterEach(async () => {
  await channel?.close()
  channel = undefined
  rmSync(folder, { recursive: true })
})

const open = async (handle: (request: AgentRequest) => Promise<unknown>) => {
  channel = await openChannel(path, handle)
}

test('a request is answered, any number of times at once, by whoever may open the socket', async () => {
  await open(async (request) => ({ request }))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const asked = (['status', 'reload', 'status'] as const).map((request) => askAgent(path, request, 5000))
  expect(await Promise.all(asked)).toEqual([{ request: 'status' }, { request: 'reload' }, { request: 'status' }])
})

test('an error comes over as it was, with its code and hint', async () => {
  await open(() => Promise.reject(new TsnetError('input', 'file: broken', { hint: 'mend it' })))
  const error = await askAgent(path, 'reload', 5000).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(TsnetError)
  expect(error).toMatchObject({ code: 'input', message: 'agent: file: broken', hint: 'mend it' })
})

test('nobody there is no error, nobody who answers is one', async () => {
  expect(await askAgent(path, 'status', 5000)).toBeUndefined()
  writeFileSync(path, '')
  expect(await askAgent(path, 'status', 5000)).toBeUndefined()
  let answer = (): void => undefined
  await open(() => new Promise((resolve) => (answer = () => resolve(1))))
  await expect(askAgent(path, 'status', 50)).rejects.toThrow('no answer to status within 50 ms')
  answer()
})

test('a second agent does not take the place of one that answers', async () => {
  await open(async () => 1)
  await expect(openChannel(path, async () => 2)).rejects.toThrow('another one answers')
  expect(await askAgent(path, 'status', 5000)).toBe(1)
})

test.each([['something else'], ['x'.repeat(1000)], ['{"request":"stop"}'], ['__proto__']])(
  'what is no request gets no answer: %j',
  async (line) => {
    await open(async () => 1)
    const socket = connect(path)
    socket.on('error', () => undefined)
    socket.write(`${line}\n`)
    expect(await text(socket).catch(() => '')).toBe('')
    expect(await askAgent(path, 'status', 5000)).toBe(1)
  },
)

test('closing does not wait for whoever has asked nothing', async () => {
  await open(async () => 1)
  const idle = connect(path)
  await once(idle, 'connect')
  await channel?.close()
  channel = undefined
  idle.destroy()
})
