import type { Namespace, Socket } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `ss -H -O -n -e`: TCP and UDP in every state, Unix sockets that listen. */
export async function oracleSockets(context: OracleContext): Promise<Row[]> {
  const [inet, unix] = await Promise.all([
    context.text('ss', '-H -O -n -e -a -t -u'),
    context.text('ss', '-H -O -n -e -l -x'),
  ])
  return [...lines(inet).map(inetRow), ...lines(unix).map(unixRow)]
}

function lines(output: string): string[] {
  return output.split('\n').filter((line) => line.trim() !== '')
}

/** `tcp LISTEN 0 511 127.0.0.1:2000 0.0.0.0:* ino:123 sk:1 cgroup:/ <->`. */
function inetRow(line: string): Row {
  const [protocol = '', state, receive, send, local = '', remote = '', ...more] = line.trim().split(/\s+/)
  const there = endpoint(remote)
  return row(
    {
      protocol,
      state,
      local: endpoint(local).address,
      localPort: endpoint(local).port,
      remote: there.port === 0 ? undefined : there.address,
      remotePort: there.port === 0 ? undefined : there.port,
      inode: detail(more, 'ino'),
    },
    { receiveQueue: Number(receive), sendQueue: Number(send) },
  )
}

function unixRow(line: string): Row {
  // TYPE STATE RECEIVE SEND NAME INODE PEER PEER-INODE
  const [, state, , send, name = '', inode] = line.trim().split(/\s+/)
  return row({ protocol: 'unix', state, local: name, inode: Number(inode) }, { sendQueue: Number(send) })
}

/** `[::1]:80`, `*:80`, `127.0.0.1%lo:80`. */
function endpoint(text: string): { address: string; port: number } {
  const at = text.lastIndexOf(':')
  const address = text.slice(0, at).replace(/^\[(.*)\]$/, '$1')
  return { address: address === '*' ? '::' : address.replace(/%.*/, ''), port: Number(text.slice(at + 1)) || 0 }
}

function detail(words: readonly string[], name: string): number | undefined {
  const word = words.find((one) => one.startsWith(`${name}:`))
  return word === undefined ? undefined : Number(word.slice(name.length + 1))
}

export function snapshotSockets({ sockets }: Namespace): Row[] {
  return sockets.filter(({ protocol }) => ['tcp', 'udp', 'unix'].includes(protocol)).flatMap(fromSnapshot)
}

function fromSnapshot(socket: Socket): Row[] {
  const { protocol, state, local, localPort, remote, remotePort, inode, receiveQueue, sendQueue } = socket
  if (protocol === 'unix') {
    // `ss -l` lists stream sockets that listen and datagram sockets alike; so does the snapshot
    return [row({ protocol, state, local, inode }, { sendQueue })]
  }
  const there = remotePort ? { remote, remotePort } : {}
  return [row({ protocol, state, local, localPort, inode, ...there }, { receiveQueue, sendQueue })]
}
