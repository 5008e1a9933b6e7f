import { flag, integer, listOf, matching, text } from '../../model/file/shapes.ts'
import { KINDS, type Kind } from '../../model/snapshot.ts'
import type { Resource } from './resource.ts'

const LIVE = { by: 'live', isInNamespace: true, kinds: [] } as const

const result = (word: string): { readonly result: string } => ({ result: word })
const CLOSED = { result: { in: ['refused', 'unreachable', 'timeout'] } } as const
const UNANSWERED = {
  refused: result('refused'),
  unreachable: result('unreachable'),
  timeout: result('timeout'),
  closed: CLOSED,
} as const
const HOST_PORT = { key: 'to', schema: text('HOST:PORT') } as const
const RESULT = 'What came of it, in a word.'
const MS = 'Milliseconds that it took.'
const UNUSED: ReadonlySet<Kind> = new Set(['qdisc', 'dns'])
const FLOW_KINDS = KINDS.filter((kind) => !UNUSED.has(kind))

/** Of a packet that is followed, in thought or in the kernel. */
const JOURNEY = {
  short: { key: 'to', schema: text('HOST, HOST:PORT or HOST:PORT/udp') },
  properties: {
    result: 'delivered, dropped, rejected, depends, unknown.',
    reason: 'One sentence.',
    hops: 'Namespaces that it passes.',
    where: 'What stopped it.',
    reply: 'Verdict of the answer.',
  },
  words: {
    delivered: result('delivered'),
    blocked: { result: { in: ['dropped', 'rejected'] } },
    dropped: result('dropped'),
    rejected: result('rejected'),
    depends: result('depends'),
    unknown: result('unknown'),
  },
} as const

/** What is tried or predicted. */
export const PROBE_RESOURCES = {
  tcp: {
    ...LIVE,
    summary: 'Connects: open, refused, unreachable, timeout, or closed (any of these three).',
    short: HOST_PORT,
    keys: {},
    properties: { result: RESULT, ms: MS, address: 'That the name stood for.' },
    words: { open: result('open'), ...UNANSWERED },
  },
  udp: {
    ...LIVE,
    summary: 'Sends a datagram: reply, refused, unreachable, timeout, or closed (any of these three).',
    short: HOST_PORT,
    keys: { send: text('a text', 'What is sent.') },
    properties: { result: RESULT, ms: MS, address: 'That the name stood for.', reply: 'The text that came back.' },
    words: { reply: result('reply'), ...UNANSWERED },
  },
  ping: {
    ...LIVE,
    summary: 'Sends an echo request: reply, unreachable, timeout, or closed (any of these two).',
    short: { key: 'to', schema: text('a host') },
    keys: {},
    properties: { result: RESULT, ms: MS, address: 'That the name stood for.' },
    words: { reply: result('reply'), unreachable: result('unreachable'), timeout: result('timeout'), closed: CLOSED },
  },
  dns: {
    ...LIVE,
    summary: 'Asks a name server: found, unknown (no answer for whatever reason), nxdomain, timeout.',
    short: { key: 'name', schema: text('a name or address') },
    keys: {
      type: { enum: ['A', 'AAAA', 'PTR', 'SRV', 'MX', 'TXT'], description: 'Default A, PTR for an address.' },
      server: text('an address', 'Default the first of the namespace.'),
    },
    properties: {
      result: RESULT,
      code: 'NOERROR, NXDOMAIN, SERVFAIL, …',
      answers: 'Addresses, names or texts that came.',
      server: 'That was asked.',
      ms: MS,
    },
    words: {
      found: result('found'),
      unknown: { result: { in: ['unknown', 'nxdomain', 'timeout'] } },
      nxdomain: result('nxdomain'),
      timeout: result('timeout'),
    },
  },
  mtu: {
    ...LIVE,
    summary: 'The path MTU to a host, by packets that must not be fragmented.',
    short: { key: 'to', schema: text('a host') },
    keys: {},
    properties: {
      result: 'found, refused, unreachable or timeout.',
      mtu: 'Bytes of the largest IP packet that arrives.',
      blackHole: 'Whether nobody says that a packet is too large.',
      ms: MS,
    },
    words: { found: result('found'), ...UNANSWERED },
  },
  http: {
    ...LIVE,
    summary: 'Gets a page; status 200 is expected unless something else is.',
    short: { key: 'url', schema: matching('^https?://', 'a URL like http://web:5000/') },
    keys: {
      method: { enum: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'], description: 'Default GET.' },
      headers: { type: 'object', additionalProperties: text('a text'), description: 'Of the request.' },
      body: text('a text', 'Of the request.'),
      insecure: flag('A certificate that is not trusted will do.', false),
    },
    properties: {
      result: 'answered, or refused, unreachable, timeout, error.',
      status: 'HTTP status.',
      body: 'What came back, its first MiB.',
      headers: '"name: value" each, names in small letters.',
      ms: MS,
      certificateDays: 'Days until the certificate expires.',
    },
    words: { answered: result('answered'), ...UNANSWERED },
    besides: { status: 200 },
  },
  command: {
    ...LIVE,
    summary: 'Runs a program of this machine in the namespace; only with --allow-commands. Status 0 is expected.',
    short: { key: 'run', schema: { ...listOf(text('a word')), minItems: 1 } },
    keys: { input: text('a text', 'Its standard input.') },
    properties: { result: 'ended or timeout.', status: 'Exit status.', output: 'Both of its outputs.', ms: MS },
    words: { ended: result('ended'), timeout: result('timeout') },
    besides: { status: 0 },
  },
  path: {
    ...JOURNEY,
    by: 'predicted',
    isInNamespace: true,
    summary: 'Where a packet would go, by the facts; nothing is sent.',
    keys: { mark: integer({ minimum: 0, maximum: 0xffffffff }, 'fwmark of the socket.') },
    kinds: FLOW_KINDS,
  },
  trace: {
    ...JOURNEY,
    ...LIVE,
    summary: 'Where a real packet goes, seen on every link of this host; nothing is added to any rule set.',
    keys: {},
  },
  iperf: {
    ...LIVE,
    summary: 'What passes between two namespaces, measured by iperf3 at both ends.',
    short: { key: 'to', schema: text('a selector of a namespace') },
    keys: {
      protocol: { enum: ['tcp', 'udp'], description: 'Default tcp.' },
      duration: matching('^[0-9]+(\\.[0-9]+)?s$', 'a time like 2s', 'How long it sends. Default 2s.'),
      bandwidth: matching(
        '^[0-9]+(\\.[0-9]+)?[kmg]?bit$',
        'a rate like 10mbit',
        'That is sent; of UDP 1mbit unless said.',
      ),
      reverse: flag('The other end sends.', false),
    },
    properties: {
      result: 'measured, or refused, unreachable, timeout, error.',
      rate: 'Bits a second that arrived.',
      loss: 'Of UDP: percent.',
      jitter: 'Of UDP: milliseconds.',
      retransmits: 'Of TCP.',
    },
    words: { measured: result('measured'), ...UNANSWERED },
    // the address of the other end is chosen by the networks of this one
    kinds: ['links', 'addrs', 'routes'],
  },
} as const satisfies Readonly<Record<string, Resource>>
