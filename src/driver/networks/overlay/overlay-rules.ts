import type { SingleRule } from '../../firewall/single-rule.ts'

/** What tells packets of an overlay that are to be encrypted, or were: also the request id of its associations. */
export const OVERLAY_MARK = 0xd0_c4e3
const PORT = '4789'

/** How a rule finds the VXLAN id in a packet. */
export type IdMatch = 'u32' | 'bpf'

/**
 * The rules of an encrypted network on each of its hosts: what goes out gets the mark that a policy of IPsec asks for,
 * what comes in otherwise than by IPsec is dropped. Up to Docker 27 what does is accepted as well.
 */
export function overlayRules(vni: number, match: IdMatch, layout: 'docker20' | 'docker28'): readonly SingleRule[] {
  const vxlan = match === 'u32' ? u32Match(vni) : bpfMatch(vni)
  const policy = (kind: string) => ['-m', 'policy', '--dir', 'in', '--pol', kind]
  const accept: SingleRule = {
    table: 'filter',
    chain: 'INPUT',
    place: 'last',
    words: [...policy('ipsec'), ...vxlan, '-j', 'ACCEPT'],
  }
  const mark = ['-j', 'MARK', '--set-mark', String(OVERLAY_MARK)]
  return [
    { table: 'mangle', chain: 'OUTPUT', place: 'last', words: [...vxlan, ...mark] },
    ...(layout === 'docker20' ? [accept] : []),
    { table: 'filter', chain: 'INPUT', place: 'first', words: [...policy('none'), ...vxlan, '-j', 'DROP'] },
  ]
}

/** Behind the IP header's own length (its low nibble in words), 12 bytes further: 8 of UDP, 4 of VXLAN flags. */
function u32Match(vni: number): readonly string[] {
  return ['-p', 'udp', '--dport', PORT, '-m', 'u32', '--u32', `0>>22&0x3C@12&0xFFFFFF00=${(vni << 8) >>> 0}`]
}

/** The same as a program of classic BPF (linux/filter.h), as `nfbpf_compile` prints it. */
function bpfMatch(vni: number): readonly string[] {
  const program = [
    '177 0 0 0', // ldxb 4*([0]&0xf)
    '64 0 0 12', // ld [x+12]
    `84 0 0 ${0xffff_ff00}`, // and
    `21 1 0 ${(vni << 8) >>> 0}`, // jeq
    '6 0 0 0', // ret: no
    `6 0 0 ${0xffff_ffff}`, // ret: yes
  ]
  return ['-p', 'udp', '--dport', PORT, '-m', 'bpf', '--bytecode', `${program.length},${program.join(',')}`]
}
