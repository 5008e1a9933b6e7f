import { expect, test } from 'vitest'
import type { Hop, Journey } from '../../src/model/journey.ts'
import { journeyDot, journeyMermaid } from '../../src/report/journey-graphs.ts'
import { journeyLine, journeyLines } from '../../src/report/journey-lines.ts'

const packet = {
  source: '172.19.0.3',
  destination: '172.19.0.2',
  protocol: 'tcp',
  sourcePort: 51234,
  destinationPort: 8500,
  ttl: 64,
  size: 60,
}
const hop = (name: string, stage: Hop['stage'], text: string, more: Partial<Hop> = {}): Hop => ({
  namespace: name.length,
  name,
  stage,
  subject: '',
  text,
  packet,
  details: [],
  ...more,
})

const JOURNEY: Journey = {
  flow: {
    source: { namespace: 3, name: 'web' },
    destination: '172.19.0.2',
    destinationName: 'db',
    destinationPort: 8500,
    protocol: 'tcp',
  },
  verdict: 'dropped',
  reason: 'dropped by the policy of filter FORWARD',
  where: {
    kind: 'policy',
    namespace: 4,
    name: 'host',
    text: 'policy DROP of FORWARD',
    table: 'filter',
    chain: 'FORWARD',
  },
  hops: [
    hop('web', 'route', '172.19.0.0/16 dev eth0'),
    hop('host', 'forward', 'dropped by the policy of filter FORWARD', {
      stopped: true,
      details: ['FORWARD rule 1: -j DOCKER-USER'],
    }),
  ],
  unknowns: [],
  fixes: [
    {
      commands: [{ namespace: 4, name: 'host', command: 'iptables -P FORWARD ACCEPT' }],
      summary: 'lets FORWARD accept',
      warning: 'everything is let through',
    },
  ],
}

test('a journey is a line a hop, with what stops it and the way out', () => {
  expect(journeyLines(JOURNEY)).toEqual([
    'web → db (172.19.0.2) port 8500 tcp   ✖ dropped: dropped by the policy of filter FORWARD',
    ' 1 web   route       172.19.0.0/16 dev eth0',
    ' 2 host  forward     ✖ dropped by the policy of filter FORWARD',
    ' fix  iptables -P FORWARD ACCEPT   (in host: lets FORWARD accept)',
    '      ▲ everything is let through',
  ])
})

test('in detail it has what was consulted and the packet at each hop', () => {
  const lines = journeyLines(JOURNEY, { detailed: true })
  expect(lines).toContain('      FORWARD rule 1: -j DOCKER-USER')
  expect(lines).toContain('      packet 172.19.0.3:51234 → 172.19.0.2:8500 tcp ttl 64 60 bytes')
})

test('one line says the verdict and the place', () => {
  expect(journeyLine(JOURNEY)).toBe(
    'web → db (172.19.0.2) port 8500 tcp: dropped at host filter FORWARD: dropped by the policy of filter FORWARD',
  )
})

test('the answer has a verdict of its own', () => {
  const reply = { ...JOURNEY, verdict: 'dropped', reason: 'rp_filter' } as const
  const { where: _, ...delivered } = { ...JOURNEY, verdict: 'delivered', reason: 'db gets it', reply } as const
  expect(journeyLine(delivered)).toContain('delivered; the answer is dropped at host filter FORWARD: rp_filter')
})

test('the drawings have every namespace and hop, and mark where it ends', () => {
  expect(journeyDot(JOURNEY)).toContain('h1 [label="forward: dropped by the policy of filter FORWARD", color=red];')
  expect(journeyDot(JOURNEY)).toContain('h0 -> h1;')
  expect(journeyMermaid(JOURNEY)).toContain('subgraph n1["host"]')
  expect(journeyMermaid(JOURNEY)).toContain('style h1 stroke:red')
})

test('what anybody may have chosen is harmless in every form', () => {
  const hostile = { ...JOURNEY, hops: [hop('e\x1b[31mvil"]', 'route', 'x"];\x07 y')], reason: '\x1b]0;gone\x07' }
  for (const text of [
    journeyLines(hostile, { detailed: true }).join('\n'),
    journeyLine(hostile),
    journeyDot(hostile),
    journeyMermaid(hostile),
  ]) {
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
  }
})
