import { AF, encodeMessage, inNamespace, NETLINK, NetlinkSocket, NLM_F, NLMSG, RTM } from 'netlink-ts'
import { Inspector } from '../../src/inspect/inspector.ts'
import type { Kind } from '../../src/model/snapshot.ts'
import type { Benchmark } from '../context.ts'
import { growLab } from '../lab.ts'
import { interleave } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const KINDS: readonly Kind[] = ['links', 'addrs', 'routes', 'rules', 'neigh', 'fdb']

/** struct ifinfomsg and the like: zeroes but for the family. */
interface Dump {
  readonly type: number
  readonly family: number
  readonly headerBytes: number
  /** linux/neighbour.h NTF_PROXY in ndm_flags, for the second neighbour dump. */
  readonly proxy?: boolean
}

/** The same questions that a snapshot of these kinds asks the kernel. */
const DUMPS: readonly Dump[] = [
  { type: RTM.GETLINK, family: AF.UNSPEC, headerBytes: 16 },
  { type: RTM.GETADDR, family: AF.UNSPEC, headerBytes: 8 },
  { type: RTM.GETROUTE, family: AF.UNSPEC, headerBytes: 12 },
  { type: RTM.GETRULE, family: AF.UNSPEC, headerBytes: 12 },
  { type: RTM.GETNEIGH, family: AF.UNSPEC, headerBytes: 12 },
  { type: RTM.GETNEIGH, family: AF.UNSPEC, headerBytes: 12, proxy: true },
  { type: RTM.GETNEIGH, family: AF.BRIDGE, headerBytes: 12 },
]
/** Long enough for the compiler to have seen everything: a refresh is one of many in a process that runs for hours. */
const WARM_UP_MS = 1000
const NTF_PROXY = 8
const NDM_FLAGS_AT = 10

/** The same tables again in one process, on a host of `count` namespaces. */
export function warmRefreshOf(count: number): Benchmark {
  return {
    name: 'warm',
    run: async (context) => {
      await growLab(context, count)
      context.say(`warm refresh of ${count} namespaces`)
      return [await measure(count, context.quick ? 5 : 15)]
    },
  }
}

async function measure(count: number, rounds: number): Promise<Row> {
  const inspector = new Inspector({ remember: true })
  inspector.discover()
  await inspector.identify()
  const sockets = inspector.inodes.map((inode) => rawSocket(inspector.sessionOf(inode)?.fd))
  const requests = DUMPS.map(encodeDump)
  try {
    const warm = performance.now() + WARM_UP_MS
    while (performance.now() < warm) await refresh(inspector)
    const medians = await interleave(rounds, [
      { name: 'ours', run: () => refresh(inspector) },
      { name: 'raw', run: () => dumpAll(sockets, requests) },
    ])
    const [ours = 0, raw = 0] = [medians.get('ours'), medians.get('raw')]
    return {
      name: `warm refresh, ${count} namespaces: time of the raw dump`,
      ours: milliseconds(ours),
      peer: milliseconds(raw),
      figure: ours / raw,
      unit: '×',
      budget: { atMost: 1.5 },
    }
  } finally {
    for (const socket of sockets) socket.close()
    inspector.close()
  }
}

async function refresh(inspector: Inspector): Promise<void> {
  await inspector.read(KINDS)
  inspector.snapshot()
}

function rawSocket(fd: number | undefined): NetlinkSocket {
  if (fd === undefined) throw new Error('a namespace of the lab cannot be entered')
  return inNamespace({ fd }, () => new NetlinkSocket(NETLINK.ROUTE))
}

function encodeDump({ type, family, headerBytes, proxy }: Dump): Uint8Array {
  return encodeMessage(type, NLM_F.REQUEST | NLM_F.DUMP, {
    sequence: 1,
    fill: (writer) => {
      const header = new Uint8Array(headerBytes)
      header[0] = family
      if (proxy) header[NDM_FLAGS_AT] = NTF_PROXY
      writer.raw(header)
    },
  })
}

const buffer = new Uint8Array(64 * 1024)
const view = new DataView(buffer.buffer)

function dumpAll(sockets: readonly NetlinkSocket[], requests: readonly Uint8Array[]): void {
  for (const socket of sockets) for (const request of requests) dump(socket, request)
}

/** Reads datagrams to the end of the dump and looks at nothing but message lengths and types. */
function dump(socket: NetlinkSocket, request: Uint8Array): void {
  socket.sendRaw(request)
  for (;;) {
    const length = socket.receiveInto(buffer)
    for (let at = 0; at < length; ) {
      const type = view.getUint16(at + 4, true)
      if (type === NLMSG.DONE) return
      if (type === NLMSG.ERROR) throw new Error('the kernel refused a dump')
      at += (view.getUint32(at, true) + 3) & ~3
    }
  }
}
