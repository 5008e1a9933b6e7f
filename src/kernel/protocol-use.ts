import { readFileSync } from 'node:fs'

/** Sockets of a namespace by protocol, as /proc/net/protocols names them: `TCP`, `UDPv6`, `RAW`… */
export type ProtocolUse = ReadonlyMap<string, number>

/**
 * How many sockets of each registered protocol the namespace of this thread has: those that have an address, and of TCP
 * none that waits for the end of its time. A count of a few files, where a listing walks over the tables of the machine.
 */
export function readProtocolUse(): ProtocolUse {
  return parseProtocolUse(readFileSync('/proc/thread-self/net/protocols', 'utf8'))
}

/** Columns: proto_seq_show() of net/core/sock.c, `protocol size sockets …`. */
export function parseProtocolUse(text: string): ProtocolUse {
  const use = new Map<string, number>()
  for (const line of text.split('\n').slice(1)) {
    const [name = '', , sockets = ''] = line.split(/ +/, 3)
    if (name !== '') use.set(name, Number(sockets))
  }
  return use
}

/** TCP connections of this thread's namespace in TIME-WAIT, which no socket stands for; kernels before 4.12 count all. */
export function readTimeWaits(): number {
  return Number(/^TCP: .* tw (\d+)/m.exec(readFileSync('/proc/thread-self/net/sockstat', 'utf8'))?.[1] ?? 1)
}
