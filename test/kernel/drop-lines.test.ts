import { expect, test } from 'vitest'
import { parseDrops, parseFields } from '../../src/kernel/drop-lines.ts'

/** Of Linux 6.18. */
const FORMAT = `name: kfree_skb
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

\tfield:void * skbaddr;\toffset:8;\tsize:8;\tsigned:0;
\tfield:void * location;\toffset:16;\tsize:8;\tsigned:0;
\tfield:unsigned short protocol;\toffset:32;\tsize:2;\tsigned:0;
\tfield:enum skb_drop_reason reason;\toffset:36;\tsize:4;\tsigned:0;

print fmt: "skbaddr=%p"
`
const TRACE = `# tracer: nop
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
            ping-29309   [000] ..s1. 17372.96: kfree_skb: skbaddr=0067e0b015 rx_sk=00 protocol=2048 location=ping_rcv+0xb3/0xe0 reason: NO_SOCKET
     tsnet-shoot-77      [000] ..... 17373.00: tracing_mark_write: tsnet: begins
     tsnet-shoot-77      [001] ..s1. 17373.01: kfree_skb: skbaddr=0067e0b015 rx_sk=00 protocol=2048 location=nft_do_chain+0x46f/0x690 [nf_tables] reason: NETFILTER_DROP
     kworker/0:1-3616    [000] ..s1. 17373.02: kfree_skb: skbaddr=0067e0b015 rx_sk=00 protocol=34525 location=ip6_mc_input+0x15e/0x290 reason: NOT_SPECIFIED
     tsnet-shoot-77      [000] ..... 17373.03: tracing_mark_write: tsnet: ends
     tsnet-shoot-77      [000] bNs.. 17373.04: kfree_skb: skbaddr=0067e0b015 protocol=2054 location=000000002c0a4b6c reason: QDISC_DROP
          <idle>-0       [000] bNs.. 17373.05: something_else: protocol=2054 location=x+0x1 reason: QDISC_DROP
CPU:0 [LOST 12 EVENTS]
`

test('the fields of a tracepoint are those of its format file', () => {
  expect([...parseFields(FORMAT)]).toEqual(['common_type', 'skbaddr', 'location', 'protocol', 'reason'])
})

test('a drop is ours between the marks of a call, in the thread that made them', () => {
  expect(parseDrops(TRACE)).toEqual([
    { reason: 'NO_SOCKET', location: 'ping_rcv', protocol: 0x0800, isOurs: false },
    { reason: 'NETFILTER_DROP', location: 'nft_do_chain', protocol: 0x0800, isOurs: true },
    { reason: 'NOT_SPECIFIED', location: 'ip6_mc_input', protocol: 0x86dd, isOurs: false },
    { reason: 'QDISC_DROP', protocol: 0x0806, isOurs: false },
  ])
})
