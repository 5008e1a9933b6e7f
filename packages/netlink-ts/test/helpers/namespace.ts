import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { NETLINK, NetlinkSocket, type SocketOptions } from '../../src/socket.ts'

/** A namespace of one test, made by `ip netns`. */
export interface TestNamespace {
  readonly name: string
  /** Of its nsfs file. */
  readonly fd: number
  /** A socket inside it. */
  socket(options?: SocketOptions): NetlinkSocket
  /** `ip -n NAME WORDS`: stdout. Throws what stderr says. */
  ip(words: string): string
  /** `ip -j -n NAME WORDS`, parsed. */
  json(words: string): Row[]
  /** Any program inside, as `ip netns exec` runs it. */
  run(words: string): string
  remove(): void
}

// biome-ignore lint/suspicious/noExplicitAny: rows of the JSON output of another program
export type Row = Record<string, any>

let count = 0

export function testNamespace(): TestNamespace {
  const name = `ts-nl-${process.pid}-${count++}`
  command('ip', ['netns', 'add', name])
  const path = `/run/netns/${name}`
  const fd = openSync(path, 'r')
  const inside = (words: string) => command('ip', ['netns', 'exec', name, ...split(words)])
  const sockets: NetlinkSocket[] = []
  return {
    name,
    fd,
    socket: (options = {}) => {
      const socket = new NetlinkSocket(NETLINK.ROUTE, { namespace: { path }, ...options })
      sockets.push(socket)
      return socket
    },
    ip: (words) => command('ip', ['-n', name, ...split(words)]),
    json: (words) => JSON.parse(command('ip', ['-j', '-n', name, ...split(words)]) || '[]') as Row[],
    run: inside,
    remove: () => {
      for (const socket of sockets) socket.close()
      closeSync(fd)
      command('ip', ['netns', 'delete', name])
    },
  }
}

function split(words: string): string[] {
  return words.split(' ').filter((word) => word !== '')
}

function command(program: string, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`)
  return stdout
}

/** Whether this kernel can make such a link: `type dummy`, `link ts-nl-base type vlan id 5` (over a veth of that name). */
export function canMake(words: string): boolean {
  const namespace = testNamespace()
  try {
    namespace.ip('link add ts-nl-base type veth peer name ts-nl-peer')
    namespace.ip(`link add ts-nl-probe ${words}`)
    return true
  } catch {
    return false
  } finally {
    namespace.remove()
  }
}
