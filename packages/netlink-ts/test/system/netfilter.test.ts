import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  conntrackStatusNames,
  deleteConntrack,
  deleteNftRule,
  dumpConntrack,
  dumpConntrackStatistics,
  dumpIpSets,
  dumpNftChains,
  dumpNftRules,
  dumpNftSets,
  dumpNftTables,
  formatIpSetMember,
  getConntrackUsage,
  getNftGeneration,
  IPS,
  ipProtocolName,
  NETLINK,
  NetlinkError,
  NetlinkSocket,
  NFNL_SUBSYS,
  newConntrack,
  newNftChain,
  newNftRule,
  newNftTable,
  nfnetlinkBatch,
  nftCount,
  nftTraceOn,
  nftVerdict,
} from '../../src/index.ts'
import { type Row, type TestNamespace, testNamespace } from '../helpers/namespace.ts'

let namespace: TestNamespace
let socket: NetlinkSocket

beforeAll(() => {
  namespace = testNamespace()
  socket = new NetlinkSocket(NETLINK.NETFILTER, { namespace: { path: `/run/netns/${namespace.name}` } })
  namespace.ip('link set lo up')
})

afterAll(() => {
  socket.close()
  namespace.remove()
})

/** Objects of one kind in `nft -j list ruleset`. */
function ruleset(kind: string): Row[] {
  const { nftables } = JSON.parse(namespace.run('nft -j -a list ruleset')) as { nftables: Row[] }
  return nftables.flatMap((row) => (kind in row ? [row[kind] as Row] : []))
}

const BASE = { type: 'filter', hook: 'forward', priority: -350, policy: 'drop' } as const

function makeTable(name: string): void {
  nfnetlinkBatch(
    socket,
    [
      newNftTable({ family: 1, name, comment: 'tsnet: é' }),
      newNftChain({ family: 1, table: name, name: 'forward', base: BASE }),
      newNftChain({ family: 1, table: name, name: 'user' }),
      newNftRule({
        family: 1,
        table: name,
        chain: 'forward',
        expressions: [nftCount(), ...nftTraceOn(), nftVerdict('jump', 'user')],
        comment: 'tsnet: trace',
      }),
      newNftRule({ family: 1, table: name, chain: 'forward', expressions: [nftVerdict('accept')] }),
    ],
    { subsystem: NFNL_SUBSYS.NFTABLES },
  )
}

test('a rule is taken away by its handle, and none when the rules have changed since', () => {
  makeTable('shrinks')
  const rules = () => dumpNftRules(socket, { family: 1, table: 'shrinks', chain: 'forward' })
  const [first, second] = rules()
  if (!first || !second) throw new Error('two rules were made')
  const generation = getNftGeneration(socket).id
  namespace.run('nft add table ip meanwhile')
  const remove = (options: object) =>
    nfnetlinkBatch(socket, [deleteNftRule(first)], { subsystem: NFNL_SUBSYS.NFTABLES, ...options })
  expect(() => remove({ generation })).toThrow()
  expect(rules()).toHaveLength(2)
  remove({ generation: getNftGeneration(socket).id })
  expect(rules().map(({ handle }) => handle)).toEqual([second.handle])
  namespace.run('nft delete table ip meanwhile')
  namespace.run('nft delete table inet shrinks')
})

test('tables, chains and rules are those that nft lists, also the ones we encoded', () => {
  makeTable('ours')
  namespace.run('nft add table ip6 theirs')
  namespace.run('nft add chain ip6 theirs out { type route hook output priority mangle ; }')
  namespace.run('nft add set ip6 theirs s { type ipv6_addr ; }')
  expect(dumpNftTables(socket).map(({ familyName, name, handle }) => [familyName, name, handle])).toEqual(
    ruleset('table').map(({ family, name, handle }) => [family, name, handle]),
  )
  const chains = dumpNftChains(socket).map(({ familyName, table, name, handle, hook, priority, policy, type }) => {
    return { familyName, table, name, handle, hook, priority, policy, type }
  })
  expect(chains).toEqual(
    ruleset('chain').map(({ family, table, name, handle, hook, prio, policy, type }) => {
      return { familyName: family, table, name, handle, hook, priority: prio, policy, type }
    }),
  )
  expect(dumpNftRules(socket).map(({ chain, handle, comment }) => [chain, handle, comment])).toEqual(
    ruleset('rule').map(({ chain, handle, comment }) => [chain, handle, comment]),
  )
  expect(dumpNftSets(socket).map(({ name, handle }) => [name, handle])).toEqual(
    ruleset('set').map(({ name, handle }) => [name, handle]),
  )
  expect(ruleset('rule')[0]?.['expr']).toEqual([
    { counter: { packets: 0, bytes: 0 } },
    { mangle: { key: { meta: { key: 'nftrace' } }, value: 1 } },
    { jump: { target: 'user' } },
  ])
})

test('a transaction with one bad request changes nothing', () => {
  const before = getNftGeneration(socket).id
  const tables = dumpNftTables(socket).length
  const bad = [newNftTable({ family: 2, name: 'half' }), newNftChain({ family: 2, table: 'absent', name: 'c' })]
  expect(() => nfnetlinkBatch(socket, bad, { subsystem: NFNL_SUBSYS.NFTABLES })).toThrow(NetlinkError)
  expect(dumpNftTables(socket)).toHaveLength(tables)
  expect(getNftGeneration(socket).id).toBe(before)
})

test('a transaction meant for an older generation is refused', () => {
  const request = newNftTable({ family: 2, name: 'late' })
  const generation = getNftGeneration(socket).id
  expect(() =>
    nfnetlinkBatch(socket, [request], { subsystem: NFNL_SUBSYS.NFTABLES, generation: generation - 1 }),
  ).toThrow()
  nfnetlinkBatch(socket, [request], { subsystem: NFNL_SUBSYS.NFTABLES, generation })
  expect(getNftGeneration(socket).id).toBe(generation + 1)
})

const TCP = 6
const UDP = 17

function makeConnections(): void {
  const established = { protocol: TCP, sourcePort: 40000, destinationPort: 443 }
  const answer = { protocol: TCP, sourcePort: 8443, destinationPort: 61000 }
  socket.request(
    newConntrack({
      original: { ...established, source: '10.0.0.1', destination: '192.0.2.1' },
      reply: { ...answer, source: '172.17.0.2', destination: '198.51.100.1' },
      timeoutS: 1000,
      status: IPS.SEEN_REPLY | IPS.ASSURED,
      tcpState: 3,
      mark: 0x17,
    }),
  )
  socket.request(
    newConntrack({
      original: { protocol: 58, source: 'fd00::1', destination: 'fd00::2', icmpType: 128, icmpId: 5 },
      reply: { protocol: 58, source: 'fd00::2', destination: 'fd00::1', icmpType: 129, icmpId: 5 },
      timeoutS: 60,
      zone: 3,
    }),
  )
  namespace.run('conntrack -I -s 10.0.0.3 -d 10.0.0.4 -p udp --sport 53 --dport 53 -t 90')
}

/** A connection as `conntrack -L` writes it, without what changes from one call to the next. */
function line({ protocol, state, status, original, reply, mark, zone }: ReturnType<typeof dumpConntrack>[0]): string {
  const ends = ({ source, destination, sourcePort, destinationPort, icmpType, icmpCode, icmpId }: typeof original) => {
    const ports = icmpId === undefined ? `sport=${sourcePort} dport=${destinationPort}` : ''
    const icmp = icmpId === undefined ? '' : `type=${icmpType} code=${icmpCode} id=${icmpId}`
    return `src=${source} dst=${destination} ${ports}${icmp}`
  }
  const unreplied = status & IPS.SEEN_REPLY ? '' : '[UNREPLIED] '
  const assured = status & IPS.ASSURED ? '[ASSURED] ' : ''
  const head = `${ipProtocolName(protocol)} ${protocol} ${state === undefined ? '' : `${state} `}`
  const tail = `mark=${mark ?? 0}${zone === undefined ? '' : ` zone=${zone}`}`
  return `${head}${ends(original)} ${unreplied}${ends(reply)} ${assured}${tail}`
}

function listed(): string[] {
  return namespace
    .run('conntrack -L')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => text.replace(/^(\S+\s+\d+) \d+/, '$1').replace(/ use=\d+\s*$/, ''))
    .map((text) => text.replace(/\s+/g, ' '))
}

test('connections are those that conntrack lists, line by line', () => {
  makeConnections()
  expect(dumpConntrack(socket).map(line).sort()).toEqual(listed().sort())
})

test('filters by family, mark, status and zone give exactly their part', () => {
  expect(dumpConntrack(socket, { family: 10 }).map(({ protocol }) => protocol)).toEqual([58])
  expect(dumpConntrack(socket, { mark: { value: 0x17, mask: 0xff } }).map(({ protocol }) => protocol)).toEqual([TCP])
  expect(dumpConntrack(socket, { status: IPS.ASSURED }).map(({ protocol }) => protocol)).toEqual([TCP])
  expect(dumpConntrack(socket, { zone: 3 }).map(({ protocol }) => protocol)).toEqual([58])
  expect(dumpConntrack(socket, { zone: 4 })).toEqual([])
})

test('usage counts them, and statistics have a row a processor', () => {
  expect(getConntrackUsage(socket).entries).toBe(3)
  expect(String(getConntrackUsage(socket).maxEntries)).toBe(
    namespace.run('sysctl -n net.netfilter.nf_conntrack_max').trim(),
  )
  const processors = namespace
    .run('conntrack -S')
    .split('\n')
    .filter((text) => text.startsWith('cpu=')).length
  expect(dumpConntrackStatistics(socket)).toHaveLength(processors)
})

test('a connection is deleted by its tuple, and a wrong id does not delete it', () => {
  const udp = dumpConntrack(socket).find(({ protocol }) => protocol === UDP)
  if (!udp) throw new Error('the UDP connection is gone')
  const { source, destination, sourcePort = 0, destinationPort = 0 } = udp.original
  const original = { source, destination, sourcePort, destinationPort, protocol: UDP }
  expect(() => socket.request(deleteConntrack({ original, id: (udp.id ?? 0) ^ 1 }))).toThrow('ENOENT')
  socket.request(deleteConntrack({ original, ...(udp.id === undefined ? {} : { id: udp.id }) }))
  expect(dumpConntrack(socket).map(({ protocol }) => protocol)).not.toContain(UDP)
  expect(conntrackStatusNames(udp.status)).toEqual(['CONFIRMED'])
})

test('ten thousand connections are all there', () => {
  const requests = Array.from({ length: 10_000 }, (_, position) => {
    const ports = { sourcePort: 1024 + position, destinationPort: 80 }
    const back = { sourcePort: 80, destinationPort: 1024 + position }
    return newConntrack({
      original: { source: '10.1.0.1', destination: '10.1.0.2', protocol: UDP, ...ports },
      reply: { source: '10.1.0.2', destination: '10.1.0.1', protocol: UDP, ...back },
      timeoutS: 600,
    })
  })
  for (let at = 0; at < requests.length; at += 200) {
    expect(socket.batch(requests.slice(at, at + 200)).filter((error) => error !== undefined)).toEqual([])
  }
  const ports = dumpConntrack(socket, { family: 2 }).map(({ original }) => original.sourcePort)
  expect(new Set(ports).size).toBe(ports.length)
  expect(ports.length).toBe(10_001)
})

const SETS = [
  'create plain hash:ip',
  'create rich hash:ip timeout 600 counters comment skbinfo',
  'create ports hash:ip,port,net family inet6',
  'create nets hash:net,iface',
  'create macs bitmap:ip,mac range 10.0.0.0/24',
  'create portmap bitmap:port range 1-1000',
  'create list list:set size 4',
  'add plain 10.0.0.1',
  'add rich 10.0.0.2 timeout 0 packets 4 bytes 5 comment "say é" skbmark 0xf/0xff skbprio 2:3 skbqueue 7',
  'add ports fd00::1,tcp:443,fd01::/64',
  'add nets 10.0.0.0/8,eth0',
  'add nets 10.1.0.0/16,physdev:eth1 nomatch',
  'add macs 10.0.0.9,02:42:AC:11:00:02',
  'add portmap 80',
  'add list plain',
]

test('sets are those that ipset saves', () => {
  for (const command of SETS) {
    const quoted = /"(.*)"/.exec(command)?.[1]
    namespace.run(`ipset ${quoted === undefined ? command : command.replace(/ comment ".*"/, ' comment X')}`)
  }
  const sets = dumpIpSets(socket)
  const ours = sets.flatMap(({ name, members }) => members.map((member) => `add ${name} ${formatIpSetMember(member)}`))
  const saved = namespace.run('ipset save').split('\n')
  expect(ours.sort()).toEqual(saved.filter((text) => text.startsWith('add ')).sort())
  const types = sets.map(({ name, type }) => `${name} ${type}`)
  expect(types).toEqual(saved.flatMap((text) => /^create (\S+ \S+)/.exec(text)?.[1] ?? []))
  expect(dumpIpSets(socket, { headersOnly: true, name: 'list' })).toMatchObject([{ type: 'list:set', members: [] }])
})

test('a set with more members than one message holds is complete', () => {
  namespace.run('ipset create big hash:ip maxelem 100000')
  namespace.run('ipset add big 10.128.0.0/19')
  const [set] = dumpIpSets(socket, { name: 'big' })
  expect(new Set(set?.members.map(({ element }) => element)).size).toBe(8192)
})
