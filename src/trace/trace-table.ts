import { existsSync } from 'node:fs'
import {
  deleteNftTable,
  dumpNftTables,
  getNftGeneration,
  NETLINK,
  NetlinkError,
  NetlinkSocket,
  NFNL_SUBSYS,
  NFPROTO,
  NFT_CMP,
  NFT_META,
  NFT_PAYLOAD,
  NFT_REG,
  NFT_TABLE_F,
  type NftExpression,
  type NftTable,
  newNftChain,
  newNftRule,
  newNftTable,
  nfnetlinkBatch,
  nftCompare,
  nftMetaLoad,
  nftPayload,
  nftTraceOn,
  type Request,
} from 'netlink-ts'
import type { NamespaceSession } from '../inspect/session.ts'
import { isModuleActive } from '../kernel/modules.ts'
import { parseIp } from '../model/ip-bytes.ts'
import { type Identity, IPPROTO } from './identity.ts'

/** Nothing else is added to a rule set. */
export const TRACE_TABLE = 'tsnet-trace'
const COMMENT = /^tsnet: trace by process (\d+)$/
/** Before the earliest that iptables has (raw, -300). */
const PRIORITY = -350

/** Packets of which nobody knows yet which it will be: what goes from or to one of these addresses. */
export interface Conversation {
  readonly family: 4 | 6
  /** IPPROTO_* */
  readonly protocol: number
  readonly addresses: readonly string[]
}

/** A table of ours in one namespace; gone when its socket is closed, whatever ends us. */
export interface TraceTable {
  /** Generation of the rule set with the table in it. */
  readonly generation: number
  /** Whether the rules are still those of then. */
  isUnchanged(): boolean
  close(): void
}

/**
 * Has the kernel tell of every rule that our packet meets (`meta nftrace set 1`, in a table that the kernel removes
 * with its socket: NFT_TABLE_F_OWNER, Linux 5.13). Undefined where no nft rules are: nothing is loaded.
 */
export function addTraceTable(session: NamespaceSession, traced: Identity | Conversation): TraceTable | undefined {
  if (!isModuleActive('nf_tables')) return undefined
  const tables = removeLeftovers(session)
  if (tables.length === 0) return undefined
  const families = [NFPROTO.INET, ...(tables.some(({ family }) => family === NFPROTO.BRIDGE) ? [NFPROTO.BRIDGE] : [])]
  const socket = session.inside(() => new NetlinkSocket(NETLINK.NETFILTER))
  try {
    addTables(socket, families, traced)
    const generation = getNftGeneration(socket).id
    return {
      generation,
      isUnchanged: () => getNftGeneration(socket).id === generation,
      close: () => removeTables(socket, families),
    }
  } catch (error) {
    socket.close()
    throw error
  }
}

/** Tables of a trace that was killed on a kernel without owners. Gives those of others. */
export function removeLeftovers(session: NamespaceSession): NftTable[] {
  const socket = session.socket(NETLINK.NETFILTER)
  const tables = dumpNftTables(socket)
  const left = tables.filter(isLeftover)
  if (left.length > 0) nfnetlinkBatch(socket, left.map(deleteNftTable), { subsystem: NFNL_SUBSYS.NFTABLES })
  return tables.filter(({ name }) => name !== TRACE_TABLE)
}

function isLeftover({ name, owner, comment }: NftTable): boolean {
  const [, pid] = COMMENT.exec(comment ?? '') ?? []
  return name === TRACE_TABLE && owner === undefined && pid !== undefined && !existsSync(`/proc/${pid}`)
}

function addTables(socket: NetlinkSocket, families: readonly number[], traced: Identity | Conversation): void {
  const requests = (flags: number) => families.flatMap((family) => tableRequests(family, flags, traced))
  const options = { subsystem: NFNL_SUBSYS.NFTABLES }
  try {
    nfnetlinkBatch(socket, requests(NFT_TABLE_F.OWNER), options)
  } catch (error) {
    // an older kernel does not know the flag
    if (!(error instanceof NetlinkError) || (error.errno !== ERRNO.EINVAL && error.errno !== ERRNO.EOPNOTSUPP))
      throw error
    nfnetlinkBatch(socket, requests(0), options)
  }
}

const ERRNO = { EINVAL: 22, EOPNOTSUPP: 95 } as const

function removeTables(socket: NetlinkSocket, families: readonly number[]): void {
  try {
    const requests = families.map((family) => deleteNftTable({ family, name: TRACE_TABLE }))
    nfnetlinkBatch(socket, requests, { subsystem: NFNL_SUBSYS.NFTABLES })
  } catch {
    // the namespace, or the table in it, went away before us
  } finally {
    socket.close()
  }
}

function tableRequests(family: number, flags: number, traced: Identity | Conversation): Request[] {
  const table = TRACE_TABLE
  const chain = (name: string) =>
    newNftChain({ family, table, name, base: { type: 'filter', hook: name, priority: PRIORITY, policy: 'accept' } })
  const rules = 'addresses' in traced ? matchesOfConversation(traced) : matchesOf(traced)
  return [
    newNftTable({ family, name: table, flags, comment: `tsnet: trace by process ${process.pid}` }),
    ...['prerouting', 'output'].flatMap((name) => [
      chain(name),
      ...rules.map((match) => newNftRule({ family, table, chain: name, expressions: [...match, ...nftTraceOn()] })),
    ]),
  ]
}

const ADDRESSES = { 4: { source: 12, destination: 16 }, 6: { source: 8, destination: 24 } } as const

/** NAT rewrites one side of a packet at a time. */
function matchesOfConversation({ family, protocol, addresses }: Conversation): NftExpression[][] {
  const { source, destination } = ADDRESSES[family]
  return addresses.flatMap((address) =>
    [source, destination].map((offset) => {
      const value = Uint8Array.from(parseIp(address) ?? [])
      const place = { base: NFT_PAYLOAD.NETWORK, offset, length: value.length }
      return [
        nftMetaLoad(NFT_META.L4PROTO, NFT_REG.REG_1),
        nftCompare(NFT_REG.REG_1, NFT_CMP.EQ, Uint8Array.of(protocol)),
        nftPayload(NFT_REG.REG_1, place),
        nftCompare(NFT_REG.REG_1, NFT_CMP.EQ, value),
      ]
    }),
  )
}

/** Where the cookie is, in bytes from the beginning of the transport header. */
function matchesOf({ protocol, cookie, sourcePort, family }: Identity): NftExpression[][] {
  const is = (number: number, ...rest: readonly NftExpression[]) => [
    nftMetaLoad(NFT_META.L4PROTO, NFT_REG.REG_1),
    nftCompare(NFT_REG.REG_1, NFT_CMP.EQ, Uint8Array.of(number)),
    ...rest,
  ]
  const next = word((cookie + 1) >>> 0)
  const error = family === 4 ? IPPROTO.ICMP : IPPROTO.ICMPV6
  const inError = 8 + (family === 4 ? 20 : 40)
  if (protocol === IPPROTO.TCP) {
    return [
      is(protocol, ...equals(4, word(cookie))),
      is(protocol, ...equals(4, next)),
      is(protocol, ...equals(8, next)),
      is(error, ...equals(inError + 4, word(cookie))),
    ]
  }
  const payload = [is(protocol, ...equals(8, word(cookie))), is(error, ...equals(inError + 8, word(cookie)))]
  if (protocol !== IPPROTO.UDP || sourcePort === undefined) return payload
  return [...payload, is(protocol, ...equals(2, word(sourcePort).subarray(2)))]
}

function equals(offset: number, value: Uint8Array): NftExpression[] {
  const place = { base: NFT_PAYLOAD.TRANSPORT, offset, length: value.length }
  return [nftPayload(NFT_REG.REG_1, place), nftCompare(NFT_REG.REG_1, NFT_CMP.EQ, value)]
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
