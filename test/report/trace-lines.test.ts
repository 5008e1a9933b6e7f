import { expect, test } from 'vitest'
import type { Hop } from '../../src/model/journey.ts'
import type { ObservedHop, Trace } from '../../src/model/trace.ts'
import { traceLine, traceLines } from '../../src/report/trace-lines.ts'

const packet = {
  source: '10.0.0.3',
  destination: '10.0.0.2',
  protocol: 'tcp',
  sourcePort: 4000,
  destinationPort: 80,
  ttl: 64,
  size: 60,
}
const hop = (name: string, stage: Hop['stage'], subject: string, text: string): Hop => ({
  namespace: name.length,
  name,
  stage,
  subject,
  text,
  packet,
  details: [],
})
const seen = (name: string, direction: 'in' | 'out', subject: string, atUs: number): ObservedHop => ({
  ...hop(name, 'link', subject, `${direction} by ${subject}`),
  evidence: 'seen',
  direction,
  atUs,
})
const DROP = hop('host', 'forward', 'filter FORWARD', 'dropped by the policy of filter FORWARD')
const FLOW = { source: { namespace: 3, name: 'web' }, destination: '10.0.0.2', destinationPort: 80, protocol: 'tcp' }

const TRACE: Trace = {
  flow: FLOW,
  verdict: 'dropped',
  reason: DROP.text,
  where: {
    kind: 'policy',
    namespace: 4,
    name: 'host',
    text: 'policy DROP of FORWARD',
    table: 'filter',
    chain: 'FORWARD',
  },
  unknowns: [],
  fixes: [
    { commands: [{ namespace: 4, name: 'host', command: 'iptables -P FORWARD ACCEPT' }], summary: 'lets it pass' },
  ],
  hops: [
    { ...hop('web', 'socket', 'web', 'SYN to 10.0.0.2'), evidence: 'sent' },
    seen('web', 'out', 'eth0', 0),
    seen('host', 'in', 'veth1', 4.2),
    { ...DROP, evidence: 'rules', stopped: true },
  ],
  predicted: {
    flow: FLOW,
    verdict: 'delivered',
    reason: 'db gets it',
    unknowns: [],
    fixes: [],
    hops: [
      hop('web', 'socket', 'web', 'sends to 10.0.0.2'),
      hop('web', 'route', 'eth0', '10.0.0.0/24 dev eth0'),
      hop('web', 'link', 'eth0', 'veth → host veth1'),
      hop('host', 'link', 'veth2', 'veth → db eth0'),
      hop('db', 'socket', 'db', 'tcp *:80'),
    ],
  },
  disagreements: [{ leg: 'the packet', predicted: 'delivered: db gets it', observed: `dropped: ${DROP.text}` }],
  probe: {
    kind: 'SYN',
    source: '10.0.0.3',
    sourcePort: 4000,
    mark: 'ISN 0xff',
    outcome: 'no answer within 2.0 s',
    sent: 2,
  },
  connections: [],
  counters: [{ namespace: 4, name: 'host', counter: 'IpExt InNoRoutes', delta: 1 }],
  notes: ['host: its rules were changed while we traced'],
}

test('the observed way stands beside the predicted one, with every difference', () => {
  expect(traceLines(TRACE)).toEqual([
    'web → 10.0.0.2:80 tcp   predicted ● delivered   observed ✖ dropped: dropped by the policy of filter FORWARD   4 µs',
    ' 1 web   socket      sends to 10.0.0.2     ✓ SYN to 10.0.0.2',
    ' 2 web   route       10.0.0.0/24 dev eth0',
    ' 3 web   link        veth → host veth1     ✓ out +0 µs, in host veth1 +4 µs',
    ' 4 host  link        veth → db eth0',
    ' 5 db    socket      tcp *:80',
    ' 6 host  forward     ·                     ✖ dropped by the policy of filter FORWARD',
    ' ▲ the packet: predicted delivered: db gets it',
    '               observed  dropped: dropped by the policy of filter FORWARD',
    ' counted  host: IpExt InNoRoutes +1',
    ' note  host: its rules were changed while we traced',
    ' probe  SYN from 10.0.0.3:4000 (ISN 0xff): no answer within 2.0 s, sent 2 times',
    ' fix  iptables -P FORWARD ACCEPT   (in host: lets it pass)',
  ])
})

test('one line says what happened and whether it was foreseen', () => {
  expect(traceLine(TRACE)).toBe(
    'web → 10.0.0.2:80 tcp: dropped at host filter FORWARD: dropped by the policy of filter FORWARD; differs from the prediction in 1 point',
  )
})

test('a place that only the prediction knows is not told of as seen', () => {
  const stop: ObservedHop = { ...DROP, evidence: 'predicted', stopped: true }
  const predicted = { ...TRACE, hops: [{ ...DROP, stopped: true }], verdict: 'dropped' } as const
  const lines = traceLines({ ...TRACE, hops: [stop], predicted })
  expect(lines[1]).toBe(
    ' 1 host  forward     ✖ dropped by the policy of filter FORWARD  ? predicted: not seen behind it',
  )
})

test('what the kernel dropped is told of as ours or anybody’s', () => {
  const drops = [
    { reason: 'IP_RPFILTER', location: 'ip_rcv_finish_core', protocol: 'ip', count: 1, isOurs: true },
    { reason: 'QDISC_DROP', protocol: 'arp', count: 2, isOurs: false },
  ] as const
  const said = (detailed: boolean) =>
    traceLines({ ...TRACE, drops }, { detailed }).filter((line) => /dropped {2}/.test(line))
  expect(said(true)).toEqual([
    ' dropped  by the kernel: IP_RPFILTER in ip_rcv_finish_core, 1 packet (ip) while the probe was sent',
    ' dropped  by the kernel: QDISC_DROP, 2 packets (arp) meanwhile, of anybody on this host',
  ])
  expect(said(false)).toHaveLength(1)
})

test('nothing of what a host says reaches the terminal as it is', () => {
  const hostile = {
    ...TRACE,
    reason: '\x1b]0;x\x07',
    notes: ['\x1b[2J'],
    hops: [{ ...TRACE.hops[0], text: '\x1b[31m' } as ObservedHop],
  }
  expect(traceLines(hostile).join('')).not.toContain('\x1b')
})
