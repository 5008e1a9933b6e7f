import type { Attributes } from '../attribute.ts'
import { type Message, NLM_F } from '../message.ts'
import { text } from '../reader.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import { netfilterAttributes, netfilterFamilyName, netfilterHeader, writeNetfilterHeader } from './nfnetlink.ts'
import { NFT_MSG, nftHookName, nftHookNumber, nftType } from './nft.ts'
import { decodeNftCounter, type NftCounter } from './nft-counter.ts'
import { decodeNftComment } from './nft-userdata.ts'
import { required } from './required.ts'

/** linux/netfilter/nf_tables.h: enum nft_chain_attributes, nft_hook_attributes, nft_devices_attributes. */
export const NFTA_CHAIN = {
  TABLE: 1,
  HANDLE: 2,
  NAME: 3,
  HOOK: 4,
  POLICY: 5,
  USE: 6,
  TYPE: 7,
  COUNTERS: 8,
  PAD: 9,
  FLAGS: 10,
  ID: 11,
  USERDATA: 12,
} as const
export const NFTA_HOOK = { HOOKNUM: 1, PRIORITY: 2, DEV: 3, DEVS: 4 } as const
const NFTA_DEVICE_NAME = 1

/** linux/netfilter.h: verdicts that can be a policy. */
const POLICIES = ['drop', 'accept'] as const

export interface NftChain {
  /** NFPROTO_* */
  readonly family: number
  readonly familyName: string
  readonly table: string
  readonly name: string
  readonly handle: number
  /** Rules in it, and jumps to it. */
  readonly use: number
  /** Base chain only: `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`, `egress`. */
  readonly hook: string | undefined
  /** Base chain only: lower ones see a packet first. */
  readonly priority: number | undefined
  /** Base chain only: `filter`, `nat`, `route`. */
  readonly type: string | undefined
  /** Base chain only: `accept` or `drop`. */
  readonly policy: string | undefined
  /** Packets that met the policy, where the chain counts them (iptables-nft does). */
  readonly counter: NftCounter | undefined
  /** Interfaces of a netdev (or inet ingress) chain. */
  readonly devices: readonly string[]
  readonly comment: string | undefined
}

/** NFT_MSG_NEWCHAIN (and NFT_MSG_DELCHAIN of a notification). */
export function decodeNftChain(message: Message): NftChain {
  const { family } = netfilterHeader(message)
  const familyName = netfilterFamilyName(family)
  const attributes = netfilterAttributes(message)
  const hook = attributes.nested(NFTA_CHAIN.HOOK)
  const hookNumber = hook?.u32be(NFTA_HOOK.HOOKNUM)
  const policy = attributes.u32be(NFTA_CHAIN.POLICY)
  return {
    family,
    familyName,
    table: required(attributes.string(NFTA_CHAIN.TABLE), 'chain table'),
    name: required(attributes.string(NFTA_CHAIN.NAME), 'chain name'),
    handle: attributes.u64be(NFTA_CHAIN.HANDLE) ?? 0,
    use: attributes.u32be(NFTA_CHAIN.USE) ?? 0,
    hook: hookNumber === undefined ? undefined : nftHookName(familyName, hookNumber),
    priority: signed(hook?.u32be(NFTA_HOOK.PRIORITY)),
    type: attributes.string(NFTA_CHAIN.TYPE),
    policy: policy === undefined ? undefined : (POLICIES[policy] ?? String(policy)),
    counter: decodeNftCounter(attributes.nested(NFTA_CHAIN.COUNTERS)),
    devices: devicesOf(hook),
    comment: decodeNftComment(attributes.view(NFTA_CHAIN.USERDATA)),
  }
}

function signed(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value | 0
}

function devicesOf(hook: Attributes | undefined): readonly string[] {
  const single = hook?.string(NFTA_HOOK.DEV)
  return single === undefined ? decodeNftDevices(hook?.nested(NFTA_HOOK.DEVS)) : [single]
}

/** NFTA_DEVICE_NAME of each interface in a list. */
export function decodeNftDevices(list: Attributes | undefined): string[] {
  if (!list) return []
  return list.all(NFTA_DEVICE_NAME).map(({ start, end }) => text(list.bytes, start, end - start))
}

/** Every chain of the socket's namespace, of one family or (0) of all. */
export function dumpNftChains(socket: NetlinkSocket, family = 0): NftChain[] {
  return socket.dump(
    { type: nftType(NFT_MSG.GETCHAIN), fill: (writer) => writeNetfilterHeader(writer, family) },
    decodeNftChain,
  )
}

export interface NftChainSpecification {
  /** NFPROTO_* */
  readonly family: number
  readonly table: string
  readonly name: string
  /** Makes it a base chain. */
  readonly base?: {
    readonly type: 'filter' | 'nat' | 'route'
    readonly hook: string
    readonly priority: number
    readonly policy?: 'accept' | 'drop' | undefined
    /** For family netdev. */
    readonly device?: string
  }
}

/** To be sent inside {@link nfnetlinkBatch}. */
export function newNftChain({ family, table, name, base }: NftChainSpecification): Request {
  return {
    type: nftType(NFT_MSG.NEWCHAIN),
    flags: NLM_F.CREATE,
    fill: (writer) => {
      writeNetfilterHeader(writer, family)
        .stringAttribute(NFTA_CHAIN.TABLE, table)
        .stringAttribute(NFTA_CHAIN.NAME, name)
      if (!base) return
      writer.nested(NFTA_CHAIN.HOOK, (w) => {
        w.u32beAttribute(NFTA_HOOK.HOOKNUM, nftHookNumber(netfilterFamilyName(family), base.hook))
        w.u32beAttribute(NFTA_HOOK.PRIORITY, base.priority)
        if (base.device !== undefined) w.stringAttribute(NFTA_HOOK.DEV, base.device)
      })
      writer.stringAttribute(NFTA_CHAIN.TYPE, base.type)
      if (base.policy) writer.u32beAttribute(NFTA_CHAIN.POLICY, POLICIES.indexOf(base.policy))
    },
  }
}
