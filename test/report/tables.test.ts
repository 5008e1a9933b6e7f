import { describe, expect, test } from 'vitest'
import type { ConntrackEntry, HostSnapshot } from '../../src/model/snapshot.ts'
import { SHOW_KINDS, type ShowKind } from '../../src/report/columns.ts'
import { conntrackRows } from '../../src/report/tables/conntrack.ts'
import { anyTable, TABLES, tableFor } from '../../src/report/tables.ts'
import { namespaceNamed, snapshotFixture } from '../helpers/snapshots.ts'

const HOST = snapshotFixture('docker-host')

/** Every row as the texts of the columns named, of one namespace or of all. */
function texts(kind: ShowKind | 'ns', columns: string, name?: string): string[] {
  const table = anyTable(kind)
  const namespaces = name === undefined ? HOST.namespaces : [namespaceNamed(HOST, name)]
  return table.rows(HOST, namespaces).map((row) =>
    columns
      .split(' ')
      .map((wanted) => table.columns.find((column) => column.name === wanted)?.text(row) ?? `no column ${wanted}`)
      .join(' | '),
  )
}

describe('the table of', () => {
  test('namespaces says who owns each and what it is for', () => {
    expect(texts('ns', 'NAME OWNER WHAT PIDS NETWORKS PUBLISHED')).toEqual([
      'host | host | this machine | 3 |  | ',
      'web | docker | compose pets/web | 2 | pets_net | 0.0.0.0:8000→5000/tcp',
      'db | docker | compose pets/db | 1 | pets_net | ',
      'cache | docker | redis:7 | 1 | bridge | ',
      '1-oq89pwce4 | docker-sandbox | overlay sandbox | 0 | pets_overlay | ',
      'ingress_sbox | docker-sandbox | ingress sandbox | 0 |  | ',
    ])
  })

  test('links names the other end of each and the bridge behind it', () => {
    expect(texts('links', 'LINK KIND STATE MTU ADDRESS MASTER PEER', 'web')).toEqual([
      'lo | – | up | 65536 | 127.0.0.1/8 |  | ',
      'eth0 | veth | up | 1500 | 172.19.0.3/16 |  | host:veth1f2a ▸ br-46cf',
    ])
    expect(texts('links', 'LINK KIND STATE MASTER PEER', 'host').slice(2)).toEqual([
      'docker0 | bridge | up |  | 1 port',
      'br-46cf | bridge | up |  | 2 ports',
      'veth1f2a | veth | up | br-46cf | web:eth0',
      'veth9c01 | veth | up | br-46cf | db:eth0',
      'vethc4c4 | veth | up | docker0 | cache:eth0',
      'vethgw01 | veth | lowerlayerdown |  | ingress_sbox:eth1',
    ])
  })

  test('bridges names who is behind each port', () => {
    expect(texts('bridges', 'BRIDGE PORT STATE BEHIND LEARN FDB')).toEqual([
      'docker0 |  | up | 172.17.0.1/16 |  | 1',
      'docker0 | vethc4c4 | forwarding | cache:eth0 | on | 1',
      'br-46cf |  | up | 172.19.0.1/16 fe80::42:5aff:fe44:5566/64 |  | 3',
      'br-46cf | veth1f2a | forwarding | web:eth0 | on | 2',
      'br-46cf | veth9c01 | forwarding | db:eth0 | on | 1',
      'br0 |  | up | 10.0.0.1/24 |  | 1',
      'br0 | vxlan0 | forwarding | VTEPs, VNI 4097 | off | 0',
      'br0 | veth0 | forwarding | ingress_sbox:eth0 | on | 1',
    ])
  })

  test('veth shows each pair once, and two ends that differ in MTU', () => {
    expect(texts('veth', 'END PEER BRIDGE MTU')).toEqual([
      'host:vethgw01 | ingress_sbox:eth1 |  | 1500',
      'web:eth0 | host:veth1f2a | br-46cf | 1500',
      'db:eth0 | host:veth9c01 | br-46cf | 1500',
      'cache:eth0 | host:vethc4c4 | docker0 | 1450≠1500',
      'ingress_sbox:eth0 | 1-oq89pwce4:veth0 | br0 | 1450',
    ])
    expect(texts('veth', 'END PEER', '1-oq89pwce4')).toEqual(['1-oq89pwce4:veth0 | ingress_sbox:eth0'])
  })

  test('FDB entries follows a MAC to its container, or to the host it is on', () => {
    expect(texts('fdb', 'LINK MAC BRIDGE AGE WHO')).toEqual([
      'veth1f2a | 02:42:ac:13:00:03 | br-46cf | 2s | web:eth0',
      'veth9c01 | 02:42:ac:13:00:02 | br-46cf | 1m | db:eth0',
      'veth1f2a | 7a:11:22:33:44:06 | br-46cf |  | itself',
      'vethc4c4 | 02:42:ac:11:00:02 | docker0 | 1s | cache:eth0',
      'eth0 | 01:00:5e:00:00:01 |  |  | group',
      'vxlan0 | 02:42:0a:00:00:07 |  |  | VTEP 192.168.1.11',
      'veth0 | 02:42:0a:00:00:02 | br0 | 4s | ingress_sbox:eth0',
    ])
  })

  test('routes puts main first and local last, and knows who the gateway is', () => {
    expect(texts('routes', 'DESTINATION TYPE VIA LINK TABLE WHO', 'web')).toEqual([
      'default | unicast | 172.19.0.1 | eth0 | main | host:br-46cf',
      '172.19.0.0/16 | unicast |  | eth0 | main | ',
      '172.19.0.3/32 | local |  | eth0 | local | ',
    ])
  })

  test('neighbours names who has the MAC, or who should have answered', () => {
    expect(texts('neigh', 'ADDRESS STATE WHO', 'host')).toEqual([
      '192.168.1.1 | REACHABLE | ',
      '172.19.0.3 | STALE | web:eth0',
      '172.19.0.2 | FAILED | db:eth0',
    ])
  })

  test('iptables shows policies, which no rule shows, and who a DNAT leads to', () => {
    expect(texts('iptables', 'CHAIN # RULE WHO', 'host')).toEqual([
      'PREROUTING | 1 | -m addrtype --dst-type LOCAL -j DOCKER | ',
      'PREROUTING |  | policy ACCEPT (hook prerouting -100) | ',
      'POSTROUTING | 1 | -s 172.19.0.0/16 ! -o br-46cf -j MASQUERADE | ',
      'POSTROUTING |  | policy ACCEPT (hook postrouting 100) | ',
      'DOCKER | 1 | -i br-46cf -j RETURN | ',
      'DOCKER | 2 | ! -i br-46cf -p tcp -m tcp --dport 8000 -j DNAT --to-destination 172.19.0.3:5000 | web:eth0',
      'FORWARD | 1 | -j DOCKER-USER | ',
      'FORWARD |  | policy DROP (hook forward 0) | ',
      'DOCKER-USER | 1 | -m comment --comment "keep out" -s 203.0.113.0/24 -j DROP | ',
      'INPUT |  | policy ACCEPT (hook input 0) | ',
    ])
  })

  test('nft shows only what nft wrote', () => {
    expect(texts('nft', 'TABLE CHAIN PKTS WHO', 'host')).toEqual([
      'inet guard | input | 3 | ',
      'inet guard | input |  | ',
      'ip kube | services |  | cache:eth0',
    ])
  })

  test('IPVS has a row for each destination, and one for a service without any', () => {
    expect(texts('ipvs', 'SERVICE DESTINATION ACTIVE INACTIVE WHO')).toEqual([
      'fwmark 256 | 10.0.0.7:0 | 0 | 2 | ',
      'fwmark 256 | 10.0.0.2:0 | 1 | 0 | ingress_sbox:eth0',
      'tcp 10.0.0.9:80 | none |  |  | ',
    ])
  })

  test('sockets leaves the remote end of a listener out, and knows who the other one is', () => {
    expect(texts('sockets', 'STATE LOCAL REMOTE PROCESS WHO', 'web')).toEqual([
      'LISTEN | 0.0.0.0:5000 |  | node (4411) | ',
      'ESTAB | 172.19.0.3:51234 | 172.19.0.2:8500 |  | db:eth0',
    ])
  })

  test('xfrm shows states and what the policies ask for', () => {
    expect(texts('xfrm', 'WHAT SOURCE SPI HOW MARK')).toEqual([
      'state | 192.168.1.10 | 0x4d9a1b22 | rfc4106(gcm(aes)) | ',
      'policy out | 192.168.1.10/32 | 0x4d9a1b22 | allow | 0xd0c4e3',
    ])
  })

  test('connections tells what was translated from what the replies look like', () => {
    const entry: ConntrackEntry = {
      family: 4,
      protocol: 'tcp',
      original: { source: '192.168.1.5', destination: '192.168.1.10', sourcePort: 40000, destinationPort: 8000 },
      reply: { source: '172.19.0.3', destination: '192.168.1.5', sourcePort: 5000, destinationPort: 40000 },
      state: 'ESTABLISHED',
      status: ['ASSURED', 'DST_NAT'],
      timeoutS: 431_999,
    }
    const rows = conntrackRows(HOST, namespaceNamed(HOST, 'host'), [entry])
    const cells = rows.flatMap((row) => TABLES.conntrack.columns.map((column) => `${column.name} ${column.text(row)}`))
    expect(cells).toEqual(
      expect.arrayContaining(['NAT dst 172.19.0.3:5000', 'TIMEOUT 4d', 'WHO web:eth0', 'SOURCE 192.168.1.5:40000']),
    )
  })
})

describe('every table', () => {
  const hostile: HostSnapshot = snapshotFixture('hostile')

  test.each(['ns', ...SHOW_KINDS] as const)('%s gives each row a key of its own', (kind) => {
    const keys = anyTable(kind)
      .rows(HOST, HOST.namespaces)
      .map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
  })

  test.each(['ns', ...SHOW_KINDS] as const)(
    '%s shows hostile names on one line, without anything invisible',
    (kind) => {
      const table = anyTable(kind)
      const cells = table
        .rows(hostile, hostile.namespaces)
        .flatMap((row) => table.columns.map((column) => column.text(row)))
      expect(cells.filter((text) => /[\p{C}\p{Zl}\p{Zp}\ufffd\u200b]/u.test(text))).toEqual([])
      expect(Math.max(0, ...cells.map((text) => text.length))).toBeLessThan(4_096)
    },
  )

  test('is found by its kind, or the nearest names are told', () => {
    expect(tableFor('links')).toBe(TABLES.links)
    expect(() => tableFor('lnks')).toThrow('show lnks: no such kind (did you mean links?)')
  })
})
