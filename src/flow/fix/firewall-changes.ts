import type { FirewallRule, Namespace } from '../../model/snapshot.ts'
import type { Place } from '../journey.ts'
import { type Block, type Change, shellWord } from './change.ts'

/** What lets a packet pass a rule or policy that stops it, the narrowest first. */
export function firewallChanges(namespace: Namespace, block: Block): Change[] {
  const { place } = block
  if (place.table === undefined || place.chain === undefined) return []
  const accept = acceptChange(namespace, block)
  const bridged = bridgedChange(namespace, block)
  const rest = place.kind === 'policy' ? [policyChange(place, block)] : [removeChange(namespace, block)]
  return [accept, ...bridged, ...rest].filter((change) => change !== undefined)
}

type ChainPlace = Place & { readonly table: string; readonly chain: string }

function isNative(namespace: Namespace, { backend, family, table, chain }: Place): boolean {
  if (backend === 'legacy') return false
  const rule = namespace.firewall.find(
    (each) => each.backend === backend && each.family === family && each.table === table,
  )
  if (rule !== undefined) return rule.syntax === 'nft'
  return chain !== chain?.toUpperCase()
}

function tool({ backend }: Place, family: 4 | 6): string {
  const name = family === 4 ? 'iptables' : 'ip6tables'
  return backend === 'legacy' ? `${name}-legacy` : name
}

/** A rule before the one that stops it, for what is known of the packet: its links, or that it is an answer. */
function acceptChange(namespace: Namespace, block: Block): Change | undefined {
  const place = userPlace(namespace, block.place as ChainPlace)
  if (!NEEDS_ACCEPT.has(block.place.table ?? '') && !isNative(namespace, block.place)) return undefined
  const native = isNative(namespace, place)
  const rule = native ? nativeAccept(place, block) : iptablesAccept(place, block)
  const position = place.position ?? 1
  return {
    place: block.place,
    edit: (before) => ({ ...before, firewall: inserted(before.firewall, rule, position) }),
    command: native
      ? nativeInsert(place, rule)
      : `${tool(place, block.family)} ${tableWords(place)}-I ${place.chain} ${position} ${rule.text}`,
    summary: `accepts it in ${place.chain}`,
    ...warningOf(block),
  }
}

/** Accepting in nat changes nothing; in the others it ends the chain. */
const NEEDS_ACCEPT: ReadonlySet<string> = new Set(['filter', 'mangle', 'raw', 'security'])

/** Docker leaves a chain to people that it does not change (docs.docker.com, Packet filtering and firewalls). */
function userPlace({ chains }: Namespace, place: ChainPlace): ChainPlace {
  const isForward = place.table === 'filter' && (place.chain === 'FORWARD' || place.chain.startsWith('DOCKER'))
  const user = chains.find(
    ({ backend, family, table, chain }) =>
      backend === place.backend && family === place.family && table === 'filter' && chain === 'DOCKER-USER',
  )
  if (isForward && user !== undefined) return { ...place, chain: 'DOCKER-USER', position: 1 }
  // the end of a chain that its policy decides: the beginning does as well
  return place.kind === 'policy' ? { ...place, position: 1 } : place
}

function tableWords({ table }: Place): string {
  return table === 'filter' ? '' : `-t ${table} `
}

function iptablesAccept(place: ChainPlace, block: Block): FirewallRule {
  const { hop, isReply } = block
  const words = [
    hop?.in === undefined ? '' : `-i ${hop.in}`,
    hop?.out === undefined ? '' : `-o ${hop.out}`,
    isReply && hop?.in !== hop?.out ? '-m conntrack --ctstate RELATED,ESTABLISHED' : '',
    isReply || hop === undefined ? '' : packetWords(block),
    '-j ACCEPT',
  ]
  return newRule(place, words.filter((word) => word !== '').join(' '), 'iptables')
}

/** Between two different links, only what was asked for; inside one network, everything. */
function packetWords({ hop }: Block): string {
  if (hop === undefined || hop.in === hop.out) return ''
  const { protocol, destination, destinationPort } = hop.packet
  const port = destinationPort === undefined ? '' : ` -m ${protocol} --dport ${destinationPort}`
  return `-d ${destination} -p ${protocol}${port}`
}

function nativeAccept(place: ChainPlace, { hop, isReply }: Block): FirewallRule {
  const parts: { text: string; json: unknown }[] = []
  const meta = (key: string, name: string) =>
    parts.push({ text: `${key} "${name}"`, json: { match: { op: '==', left: { meta: { key } }, right: name } } })
  if (hop?.in !== undefined) meta('iifname', hop.in)
  if (hop?.out !== undefined) meta('oifname', hop.out)
  if (isReply) {
    const json = { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } }
    parts.push({ text: 'ct state established,related', json })
  } else if (
    hop?.packet.destinationPort !== undefined &&
    (hop.packet.protocol === 'tcp' || hop.packet.protocol === 'udp')
  ) {
    const { protocol, destinationPort } = hop.packet
    const left = { payload: { protocol, field: 'dport' } }
    parts.push({
      text: `${protocol} dport ${destinationPort}`,
      json: { match: { op: '==', left, right: destinationPort } },
    })
  }
  parts.push({ text: 'accept', json: { accept: null } })
  return {
    ...newRule(place, parts.map(({ text }) => text).join(' '), 'nft'),
    expressions: parts.map(({ json }) => json),
  }
}

function newRule(place: ChainPlace, text: string, syntax: 'iptables' | 'nft'): FirewallRule {
  return {
    backend: place.backend ?? 'nft',
    family: place.family ?? 'ip',
    table: place.table,
    chain: place.chain,
    position: place.position ?? 1,
    text,
    syntax,
    packets: 0,
    bytes: 0,
  }
}

function nativeInsert(place: ChainPlace, { text }: FirewallRule): string {
  const words = ['insert', 'rule', place.family ?? 'ip', place.table, place.chain]
  const before = place.handle === undefined ? [] : ['position', String(place.handle)]
  return `nft ${[...words, ...before].map(shellWord).join(' ')} ${shellWord(text)}`
}

function isIn(
  rule: FirewallRule,
  { backend, family, table, chain }: Pick<FirewallRule, 'backend' | 'family' | 'table' | 'chain'>,
) {
  return rule.backend === backend && rule.family === family && rule.table === table && rule.chain === chain
}

function inserted(rules: readonly FirewallRule[], rule: FirewallRule, position: number): FirewallRule[] {
  const at = rules.findIndex((each) => isIn(each, rule) && each.position >= position)
  if (at < 0) return [...rules, rule]
  return [...rules.slice(0, at), rule, ...rules.slice(at)]
}

/** Frames that only cross a bridge need not pass iptables at all. */
function bridgedChange(namespace: Namespace, { place, hop, family }: Block): Change[] {
  const name = `net.bridge.bridge-nf-call-ip${family === 4 ? '' : '6'}tables`
  const isBridged = hop?.in !== undefined && hop.in === hop.out && hop.stage === 'forward'
  if (!isBridged || namespace.sysctls[name] !== '1') return []
  return [
    {
      place,
      edit: (before) => ({ ...before, sysctls: { ...before.sysctls, [name]: '0' } }),
      command: `sysctl -w ${name}=0`,
      summary: 'keeps frames that only cross a bridge out of iptables',
      warning:
        'published ports of a container then do not work from the same bridge, and rules between its containers no longer apply',
    },
  ]
}

function policyChange(place: Place, { family }: Block): Change {
  const { chain = '', table = '' } = place
  const isIptables = chain === chain.toUpperCase()
  return {
    place,
    edit: (before) => ({
      ...before,
      chains: before.chains.map((each) =>
        each.backend === place.backend && each.family === place.family && each.table === table && each.chain === chain
          ? { ...each, policy: 'ACCEPT' }
          : each,
      ),
    }),
    command: isIptables
      ? `${tool(place, family)} ${tableWords(place)}-P ${chain} ACCEPT`
      : `nft chain ${[place.family ?? 'ip', table, chain].map(shellWord).join(' ')} '{ policy accept; }'`,
    summary: `lets ${chain} accept what no rule decides`,
    warning: `everything that no rule of ${chain} stops is let through then`,
  }
}

function removeChange(namespace: Namespace, block: Block): Change | undefined {
  const { place, family } = block
  const { position, handle, chain = '', table = '' } = place
  const target = namespace.firewall.find((rule) => isIn(rule, place as never) && rule.position === position)
  if (target === undefined) return undefined
  const native = target.syntax === 'nft'
  return {
    place,
    edit: (before) => ({ ...before, firewall: before.firewall.filter((rule) => rule !== target) }),
    command: native
      ? `nft delete rule ${[place.family ?? 'ip', table, chain].map(shellWord).join(' ')} handle ${handle ?? 0}`
      : `${tool(place, family)} ${tableWords(place)}-D ${chain} ${position}`,
    summary: `removes rule ${position} of ${chain}`,
    ...warningOf(block),
  }
}

const ISOLATION = /isolation|STAGE-[12]|DOCKER-INTERNAL/i

/** An explicit refusal was written by somebody who meant it. */
function warningOf({ place }: Block): { readonly warning?: string } {
  if (place.kind !== 'rule') return {}
  if (ISOLATION.test(place.chain ?? '')) {
    return {
      warning: `${place.chain} keeps networks apart on purpose: connecting the container to the other network is the usual way`,
    }
  }
  return { warning: `the rule in ${place.chain} was written to stop this` }
}
