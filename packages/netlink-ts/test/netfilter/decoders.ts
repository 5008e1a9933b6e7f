import {
  decodeConntrack,
  decodeConntrackCpuStatistics,
  decodeConntrackEvent,
  decodeConntrackUsage,
  decodeEthtoolFeatures,
  decodeGenericFamily,
  decodeInetSocket,
  decodeIpSetPart,
  decodeIpSetProtocol,
  decodeIpvsDaemon,
  decodeIpvsDestination,
  decodeIpvsService,
  decodeIpvsTimeouts,
  decodeIpvsVersion,
  decodeNftChain,
  decodeNftFlowtable,
  decodeNftGeneration,
  decodeNftObject,
  decodeNftRule,
  decodeNftSet,
  decodeNftTable,
  decodeNftTrace,
  decodePacketSocket,
  decodeUnixSocket,
  decodeWireguardDevice,
  decodeXfrmPolicy,
  decodeXfrmSa,
  formatIpSetMember,
  type Message,
  verdictOfExpression,
  xtablesOfExpression,
} from '../../src/index.ts'

export interface Decoder {
  /** Folder and file of fixtures/netlink. */
  readonly fixture: string
  readonly decode: (message: Message) => unknown
}

/** Every decoder of what is not rtnetlink, with real messages for it. */
export const DECODERS: readonly Decoder[] = [
  { fixture: 'netfilter/nft-tables.hex', decode: decodeNftTable },
  { fixture: 'netfilter/nft-chains.hex', decode: decodeNftChain },
  { fixture: 'netfilter/nft-rules.hex', decode: decodeRuleDeeply },
  { fixture: 'netfilter/nft-sets.hex', decode: decodeNftSet },
  { fixture: 'netfilter/nft-objects.hex', decode: decodeNftObject },
  { fixture: 'netfilter/nft-flowtables.hex', decode: decodeNftFlowtable },
  { fixture: 'netfilter/nft-generation.hex', decode: decodeNftGeneration },
  { fixture: 'netfilter/nft-trace.hex', decode: decodeNftTrace },
  { fixture: 'netfilter/conntrack.hex', decode: decodeConntrack },
  { fixture: 'netfilter/conntrack-events.hex', decode: decodeConntrackEvent },
  { fixture: 'netfilter/conntrack-usage.hex', decode: decodeConntrackUsage },
  { fixture: 'netfilter/conntrack-cpu.hex', decode: decodeConntrackCpuStatistics },
  { fixture: 'netfilter/ipset.hex', decode: decodeSetDeeply },
  { fixture: 'netfilter/ipset-protocol.hex', decode: decodeIpSetProtocol },
  { fixture: 'generic/families.hex', decode: decodeGenericFamily },
  { fixture: 'generic/ethtool-features.hex', decode: decodeEthtoolFeatures },
  { fixture: 'generic/ipvs-services.hex', decode: decodeIpvsService },
  { fixture: 'generic/ipvs-destinations.hex', decode: (message) => decodeIpvsDestination(message) },
  { fixture: 'generic/ipvs-timeouts.hex', decode: decodeIpvsTimeouts },
  { fixture: 'generic/ipvs-version.hex', decode: decodeIpvsVersion },
  { fixture: 'generic/ipvs-daemons.hex', decode: decodeIpvsDaemon },
  { fixture: 'generic/wireguard.hex', decode: decodeWireguardDevice },
  { fixture: 'diag/tcp4.hex', decode: (message) => decodeInetSocket(message) },
  { fixture: 'diag/tcp6.hex', decode: (message) => decodeInetSocket(message) },
  { fixture: 'diag/udp4.hex', decode: (message) => decodeInetSocket(message, 17) },
  { fixture: 'diag/raw4.hex', decode: (message) => decodeInetSocket(message, 255) },
  { fixture: 'diag/unix.hex', decode: decodeUnixSocket },
  { fixture: 'diag/packet.hex', decode: decodePacketSocket },
  { fixture: 'xfrm/states.hex', decode: decodeXfrmSa },
  { fixture: 'xfrm/policies.hex', decode: decodeXfrmPolicy },
]

function decodeRuleDeeply(message: Message): unknown {
  const rule = decodeNftRule(message)
  return { ...rule, verdicts: rule.expressions.map(verdictOfExpression), xt: rule.expressions.map(xtablesOfExpression) }
}

function decodeSetDeeply(message: Message): unknown {
  return decodeIpSetPart(message, () => 'hash:ip,port,net').members.map(formatIpSetMember)
}
