import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeLink, getLink } from '../../src/route/link.ts'
import { changeLink, createLink, createVethPair, deleteLink } from '../../src/route/link-request.ts'
import { RTM, RTNLGRP } from '../../src/route/rtnetlink.ts'
import { type Notification, Subscription } from '../../src/subscription.ts'
import { type TestNamespace, testNamespace } from '../helpers/namespace.ts'

let here: TestNamespace

beforeAll(() => {
  here = testNamespace()
})
afterAll(() => here.remove())

/** Waits until `condition` holds; 10 s at most. */
async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); ) {
    if (Date.now() > end) throw new Error('waited 10 s in vain')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const sockets = () => readdirSync('/proc/self/fd').length

test('a link that comes and goes is told, with the tag of its socket', async () => {
  const subscription = new Subscription<string>()
  subscription.add(here.socket({ groups: [RTNLGRP.LINK] }), 'here')
  here.socket().batch([createLink({ kind: 'ifb', name: 'seen' }), deleteLink({ name: 'seen' })])
  const told: string[] = []
  for await (const { tag, message } of subscription) {
    if (!message) continue
    told.push(`${tag} ${message.type === RTM.NEWLINK ? 'new' : 'del'} ${decodeLink(message).name}`)
    if (message.type === RTM.DELLINK) break
  }
  expect(told[0]).toBe('here new seen')
  expect(told.at(-1)).toBe('here del seen')
  await subscription.close()
})

test('a receive queue that overflows is told as overrun, and reading goes on', async () => {
  const heard: Notification<string>[] = []
  const socket = here.socket({ groups: [RTNLGRP.LINK], receiveBuffer: 2304 })
  const lab = here.socket()
  const pairs = Array.from({ length: 20 }, (_, count) => createVethPair(`o${count}`, { name: `p${count}` }))
  // overflown before anybody reads it
  for (const error of lab.batch(pairs)) expect(error).toBeUndefined()
  const subscription = new Subscription<string>((notification) => heard.push(notification))
  subscription.add(socket, 'small')
  await until(() => heard.some(({ overrun }) => overrun === true))
  await until(() => {
    lab.batch([createLink({ kind: 'ifb', name: 'after' }), deleteLink({ name: 'after' })])
    return heard.some(({ message }) => message !== undefined && decodeLink(message).name === 'after')
  })
  await subscription.close()
  lab.batch(Array.from({ length: 20 }, (_, count) => deleteLink({ name: `o${count}` })))
})

test('sockets are added and removed while others are read, and none stays open', async () => {
  const before = sockets()
  const heard: string[] = []
  const subscription = new Subscription<string>(({ tag, message }) => {
    if (message) heard.push(`${tag} ${decodeLink(message).name}`)
  })
  const removers = Array.from({ length: 30 }, (_, count) => {
    return subscription.add(here.socket({ groups: [RTNLGRP.LINK] }), `s${count}`)
  })
  for (const remove of removers.slice(1)) remove()
  await until(() => subscription.size === 1)
  const lab = here.socket()
  lab.batch([createLink({ kind: 'ifb', name: 'late' }), deleteLink({ name: 'late' })])
  await until(() => heard.includes('s0 late'))
  expect(heard.every((line) => line.startsWith('s0'))).toBe(true)
  lab.close()
  await subscription.close()
  await subscription.close()
  for (const remove of removers) remove()
  expect(sockets()).toBe(before)
})

test('what nobody reads is dropped in the end, and told as overrun', async () => {
  const subscription = new Subscription<string>()
  subscription.add(here.socket({ groups: [RTNLGRP.LINK], receiveBuffer: 64 * 1024 * 1024 }), 'slow')
  let isLast = false
  const witness = new Subscription<string>(({ message, overrun }) => {
    isLast ||= overrun === true || message?.type === RTM.DELLINK
  })
  witness.add(here.socket({ groups: [RTNLGRP.LINK], receiveBuffer: 64 * 1024 * 1024 }), 'quick')
  const lab = here.socket()
  lab.request(createLink({ kind: 'ifb', name: 'many', up: true }))
  const { index } = getLink(lab, { name: 'many' })
  const renames = Array.from({ length: 1000 }, (_, count) => changeLink(index, { alias: `alias ${count}` }))
  for (let round = 0; round < 70; round++) lab.batch(renames)
  lab.request(deleteLink({ index }))
  await until(() => isLast)
  await witness.close()
  let [messages, overruns] = [0, 0]
  for await (const { message, overrun } of subscription) {
    if (overrun) overruns++
    else messages++
    if (message?.type === RTM.DELLINK) break
  }
  expect(overruns).toBeGreaterThan(0)
  expect(messages).toBeLessThan(70_000)
  await subscription.close()
})

test('a closed subscription ends its iteration and takes no more sockets', async () => {
  const subscription = new Subscription<string>()
  const iterating = (async () => {
    for await (const _ of subscription) throw new Error('nothing was to come')
  })()
  await subscription.close()
  await iterating
  const socket = here.socket()
  expect(() => subscription.add(socket, 'late')).toThrow(/already closed/)
})

test('a program that closed its subscription comes to its end', async () => {
  const folder = await mkdtemp('/tmp/ts-nl-exit-')
  try {
    const source = fileURLToPath(new URL('../../src/', import.meta.url))
    const program = join(folder, 'program.mjs')
    const koffi = fileURLToPath(import.meta.resolve('koffi'))
    await writeFile(
      join(folder, 'entry.ts'),
      `import { NetlinkSocket, Subscription } from '${source}index.ts'
       const subscription = new Subscription()
       subscription.add(new NetlinkSocket(0, { groups: [1] }), 'x')
       setTimeout(() => subscription.close().then(() => console.log('closed')), 50)`,
    )
    const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'error' } as const
    const external = { alias: { koffi }, external: [koffi] }
    await build({ ...options, ...external, entryPoints: [join(folder, 'entry.ts')], outfile: program })
    await copyFile(join(source, 'event-worker.mjs'), join(folder, 'worker-source.mjs'))
    await build({
      ...options,
      ...external,
      entryPoints: [join(folder, 'worker-source.mjs')],
      outfile: join(folder, 'event-worker.mjs'),
    })
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 })
    expect(stdout).toBe('closed\n')
  } finally {
    await rm(folder, { recursive: true })
  }
})
