import { EMBEDDED_DNS_ADDRESS } from './embedded-dns.ts'

/** Where the embedded DNS listens in a sandbox. */
export interface DnsPorts {
  readonly udpPort: number
  readonly tcpPort: number
}

/** `nft`: a table of its own, as engines with their nftables back end. */
export type DnsRuleBackend = 'iptables' | 'nft'

export const DNS_CHAINS = { output: 'DOCKER_OUTPUT', postrouting: 'DOCKER_POSTROUTING' } as const
export const DNS_NFT_TABLE = 'docker-dns'

/** Input of `iptables-restore --noflush` for a sandbox that has no such rules yet. Port 53 leads to the DNS. */
export function dnsRules({ udpPort, tcpPort }: DnsPorts): string {
  const { output, postrouting } = DNS_CHAINS
  const own = `${EMBEDDED_DNS_ADDRESS}/32`
  const dnat = (protocol: string, port: number): string =>
    `-A ${output} -d ${own} -p ${protocol} -m ${protocol} --dport 53 -j DNAT --to-destination ${EMBEDDED_DNS_ADDRESS}:${port}`
  const snat = (protocol: string, port: number): string =>
    `-A ${postrouting} -s ${own} -p ${protocol} -m ${protocol} --sport ${port} -j SNAT --to-source :53`
  return natTable([
    `:${output} - [0:0]`,
    `:${postrouting} - [0:0]`,
    `-I OUTPUT -d ${own} -j ${output}`,
    `-I POSTROUTING -d ${own} -j ${postrouting}`,
    dnat('tcp', tcpPort),
    dnat('udp', udpPort),
    snat('tcp', tcpPort),
    snat('udp', udpPort),
  ])
}

/** Input of `iptables-restore --noflush` that takes the rules away where they are. */
export function dnsRulesRemoval(): string {
  const { output, postrouting } = DNS_CHAINS
  const own = `${EMBEDDED_DNS_ADDRESS}/32`
  return natTable([
    `-D OUTPUT -d ${own} -j ${output}`,
    `-D POSTROUTING -d ${own} -j ${postrouting}`,
    `-F ${output}`,
    `-F ${postrouting}`,
    `-X ${output}`,
    `-X ${postrouting}`,
  ])
}

function natTable(lines: readonly string[]): string {
  return `${['*nat', ...lines, 'COMMIT'].join('\n')}\n`
}

/** The same for `nft -f -`; what is there is replaced. */
export function dnsNftRules({ udpPort, tcpPort }: DnsPorts): string {
  const dnat = (protocol: string, port: number): string =>
    `    ip daddr ${EMBEDDED_DNS_ADDRESS} ${protocol} dport 53 counter dnat to ${EMBEDDED_DNS_ADDRESS}:${port}`
  const snat = (protocol: string, port: number): string =>
    `    ip saddr ${EMBEDDED_DNS_ADDRESS} ${protocol} sport ${port} counter snat to :53`
  return `${[
    `table ip ${DNS_NFT_TABLE}`,
    `delete table ip ${DNS_NFT_TABLE}`,
    `table ip ${DNS_NFT_TABLE} {`,
    '  chain dns-dnat {',
    '    type nat hook output priority -100; policy accept;',
    dnat('udp', udpPort),
    dnat('tcp', tcpPort),
    '  }',
    '  chain dns-snat {',
    '    type nat hook postrouting priority 100; policy accept;',
    snat('udp', udpPort),
    snat('tcp', tcpPort),
    '  }',
    '}',
  ].join('\n')}\n`
}

/** For `nft -f -`. */
export function dnsNftRulesRemoval(): string {
  return `table ip ${DNS_NFT_TABLE}\ndelete table ip ${DNS_NFT_TABLE}\n`
}
