import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIp, parseIp } from '../../src/model/ip-bytes.ts'
import { parseSnapshot } from '../../src/model/parse.ts'
import { redactSnapshot } from '../../src/model/redact.ts'
import { AddressPseudonyms } from '../../src/model/redact-address.ts'
import { NamePseudonyms } from '../../src/model/redact-names.ts'
import { redactRuleText } from '../../src/model/redact-text.ts'
import type { FirewallRule, HostSnapshot } from '../../src/model/snapshot.ts'
import { makeLink, makeNamespace, makeSnapshot } from '../helpers/model.ts'

const ID = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'

/** A host on which everything that can carry a name carries `token`, and every address is one of the two. */
function host(token: string, address: string, mac: string): HostSnapshot {
  const rule = (text: string, more: Partial<FirewallRule> = {}): FirewallRule => ({
    backend: 'nft',
    family: 'ip',
    table: 'filter',
    chain: token,
    position: 1,
    text,
    syntax: 'iptables',
    packets: 0,
    bytes: 0,
    target: token,
    ...more,
  })
  const namespace = makeNamespace(token, {
    names: [token, `/run/netns/${token}`],
    owner: { kind: 'docker', name: token, containerId: ID, process: { pid: 7, command: token }, lab: token },
    links: [
      makeLink(1, token, { mac, alias: `${token} ${token}`, altnames: [token] }),
      makeLink(2, 'eth0', {
        mac,
        vxlan: {
          vni: 1,
          port: 4789,
          learning: true,
          proxy: false,
          rsc: false,
          l2miss: false,
          l3miss: false,
          remote: address,
        },
      }),
    ],
    addresses: [
      { link: 1, address: `${address}/24`, scope: 'global', flags: [], label: `${token}:1`, broadcast: address },
    ],
    routes: [
      {
        table: 254,
        family: 4,
        type: 'unicast',
        destination: `${address}/32`,
        gateway: address,
        link: 1,
        scope: 'global',
        protocol: 'boot',
      },
    ],
    rules: [{ family: 4, priority: 5, action: 'lookup', table: 254, from: `${address}/32`, iif: token }],
    neighbours: [{ link: 1, address, mac, states: ['STALE'] }],
    fdb: [{ link: 1, mac, destination: address, states: ['self'] }],
    firewall: [
      rule(`-s ${address}/32 -i ${token} -p tcp -m comment --comment "${token} says" -m tcp --dport 80 -j ${token}`, {
        comment: `${token} says`,
      }),
      rule(`-d ${address}-${address} -m set --match-set ${token} src -j LOG --log-prefix ${token}`, { target: 'LOG' }),
      rule(`-j DNAT --to-destination ${address}:80`, { target: 'DNAT' }),
      rule(
        `ip saddr ${address} iifname "${token}" ip daddr @${token} ether saddr ${mac} log prefix "${token}: " jump ${token}`,
        {
          syntax: 'nft',
          table: token,
          expressions: [
            {
              match: {
                op: '==',
                left: { payload: { protocol: 'ip', field: 'saddr' } },
                right: { prefix: { addr: address, len: 32 } },
              },
            },
            { match: { op: '==', left: { meta: { key: 'iifname' } }, right: token } },
            { lookup: `@${token}` },
            { log: { prefix: `${token}: ` } },
            { jump: { target: token } },
          ],
        },
      ),
    ],
    chains: [{ backend: 'nft', family: 'ip', table: token, chain: token, device: token }],
    nftSets: [
      {
        family: 'ip',
        table: token,
        name: token,
        kind: 'map',
        type: 'ipv4_addr',
        flags: [],
        elements: [[address, { jump: { target: token } }], token],
      },
    ],
    ipsets: [
      {
        name: token,
        type: 'hash:ip',
        members: [`${address},tcp:80 comment "${token}"`],
        references: 1,
        options: { extra: token },
      },
    ],
    sockets: [
      {
        protocol: 'tcp',
        family: 4,
        state: 'LISTEN',
        local: address,
        inode: 5,
        receiveQueue: 0,
        sendQueue: 0,
        processes: [{ pid: 7, command: token }],
      },
      {
        protocol: 'unix',
        family: 'unix',
        state: 'LISTEN',
        local: `/run/${token}.sock`,
        inode: 6,
        receiveQueue: 0,
        sendQueue: 0,
      },
    ],
    xfrm: {
      states: [
        {
          source: address,
          destination: address,
          protocol: 'esp',
          spi: 1,
          reqid: 1,
          mode: 'transport',
          packets: 0,
          bytes: 0,
        },
      ],
      policies: [],
    },
    sysctls: { [`net.ipv4.conf.${token}.rp_filter`]: '1' },
    dns: {
      path: `/etc/netns/${token}/resolv.conf`,
      servers: [address],
      search: [`${token}.example`],
      options: ['ndots:5'],
    },
  })
  return makeSnapshot([namespace], {
    hostname: token,
    features: { ipvs: `not here, says ${token}` },
    containers: [
      {
        engine: 'docker',
        id: ID,
        name: token,
        image: `${token}/${token}:1`,
        state: 'running',
        networkMode: `container:${ID}`,
        compose: { project: token, service: token },
        networks: [{ network: token, networkId: ID, addresses: [address], mac, gateway: address, aliases: [token] }],
        ports: [{ protocol: 'tcp', containerPort: 80, hostAddress: address, hostPort: 8080 }],
        labels: { [token]: token },
      },
    ],
    networks: [
      {
        engine: 'docker',
        id: ID,
        name: token,
        driver: token,
        scope: 'local',
        internal: false,
        ipv6: false,
        subnets: [{ subnet: `${address}/32`, gateway: address }],
        ipamDriver: 'default',
        options: { [token]: token },
        labels: { [token]: token },
        bridge: `br-${ID.slice(0, 12)}`,
      },
    ],
    hidden: [
      { subject: `firewall of ${token}`, reason: `open /run/${token}/x: ENOENT at ${address}:80`, hint: 'run as root' },
    ],
  })
}

const token = fc.stringMatching(/^q[a-z]{2}x[0-9a-z]{3,9}q$/)
const ipv4 = fc
  .tuple(fc.constantFrom(10, 20, 93, 203), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes) => bytes.join('.'))
const ipv6 = fc
  .array(fc.integer({ min: 0x1000, max: 0xffff }), { minLength: 6, maxLength: 6 })
  .map((groups) => `2a01:1234:${groups.map((group) => group.toString(16)).join(':')}`)
const mac = fc
  .array(fc.nat(255), { minLength: 5, maxLength: 5 })
  .map((bytes) => `02:${bytes.map((b) => b.toString(16).padStart(2, '0')).join(':')}`)

describe('a redacted snapshot', () => {
  test('has no name, address, MAC address or id of the original anywhere, and is still a snapshot', () => {
    fc.assert(
      fc.property(token, fc.oneof(ipv4, ipv6), mac, (name, address, hardware) => {
        const redacted = redactSnapshot(host(name, address, hardware), 'seed')
        const text = JSON.stringify(redacted)
        expect(text).not.toContain(name)
        expect(text).not.toContain(hardware)
        expect(text).not.toContain(ID.slice(0, 12))
        expect(text.replaceAll(/[^0-9a-f.:]/g, ' ').split(' ')).not.toContain(address)
        expect(parseSnapshot(text, 'redacted')).toEqual(redacted)
      }),
      { numRuns: 300 },
    )
  })

  test('names the same thing by the same pseudonym everywhere, in the texts of rules too', () => {
    const redacted = redactSnapshot(host('acme-web', '10.1.2.3', '02:42:0a:01:02:03'), 'seed')
    const [namespace] = redacted.namespaces
    const [container] = redacted.containers
    const name = container?.name ?? ''
    expect(name).toMatch(/^n-[0-9a-f]{10}$/)
    expect(namespace?.owner.name).toBe(name)
    expect(namespace?.links[0]?.name).toBe(name)
    const address = container?.networks[0]?.addresses[0]
    expect(namespace?.firewall[0]?.text).toBe(
      `-s ${address}/32 -i ${name} -p tcp -m comment --comment "${namespace?.firewall[0]?.comment}" -m tcp --dport 80 -j ${name}`,
    )
    expect(namespace?.firewall[2]?.text).toBe(`-j DNAT --to-destination ${address}:80`)
    expect(namespace?.firewall[3]?.text).toMatch(
      new RegExp(
        `^ip saddr ${address} iifname "${name}" ip daddr @${name} ether saddr ${namespace?.links[0]?.mac} log prefix "n-.*" jump ${name}$`,
      ),
    )
    expect(namespace?.firewall[3]?.expressions?.slice(0, 3)).toEqual([
      {
        match: {
          op: '==',
          left: { payload: { protocol: 'ip', field: 'saddr' } },
          right: { prefix: { addr: address, len: 32 } },
        },
      },
      { match: { op: '==', left: { meta: { key: 'iifname' } }, right: name } },
      { lookup: `@${name}` },
    ])
    expect(redacted.networks[0]?.bridge).toBe(`br-${redacted.networks[0]?.id.slice(0, 12)}`)
    expect(Object.keys(namespace?.sysctls ?? {})).toEqual([`net.ipv4.conf.${name}.rp_filter`])
    expect(redacted.hidden[0]?.subject).toBe(`firewall of ${name}`)
    expect([redacted.networks[0]?.labels, redacted.networks[0]?.options, container?.labels]).toEqual([{}, {}, {}])
  })

  test('is the same with the same seed and another with another', () => {
    const given = host('acme-web', '10.1.2.3', '02:42:0a:01:02:03')
    expect(redactSnapshot(given, 'a')).toEqual(redactSnapshot(given, 'a'))
    expect(redactSnapshot(given, 'a')).not.toEqual(redactSnapshot(given, 'b'))
  })

  test('treats a field that nobody knows as a name, and copies none that holds a key', () => {
    const given = makeSnapshot([makeNamespace('blue')])
    const newer = { ...given, motto: 'our secret plan', privateKey: 'abc', inner: { preSharedKey: 'abc', count: 3 } }
    const redacted: Record<string, unknown> = { ...redactSnapshot(newer, 'seed') }
    expect(redacted['motto']).toMatch(/^n-/)
    expect(redacted).not.toHaveProperty('privateKey')
    expect(redacted['inner']).toEqual({ count: 3 })
  })
})

describe('addresses', () => {
  const pseudonyms = new AddressPseudonyms('seed')
  const bits = (text: string) => (parseIp(text) ?? []).map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const shared = (a: string, b: string) => [...a].findIndex((bit, position) => bit !== b[position])

  test('share as many leading bits as before', () => {
    const any = fc.oneof(
      fc.tuple(fc.ipV4(), fc.ipV4()),
      fc.tuple(ipv4, ipv4),
      fc.tuple(fc.ipV6(), fc.ipV6()),
      fc.tuple(ipv6, ipv6),
    )
    fc.assert(
      fc.property(any, ([a, b]) => {
        const [x, y] = [pseudonyms.replace(a) ?? '', pseudonyms.replace(b) ?? '']
        const mapped = /^0:0:0:0:0:ffff:|^::ffff:/i
        fc.pre(!mapped.test(formatIp(parseIp(a) ?? [])) && !mapped.test(formatIp(parseIp(b) ?? [])))
        expect(shared(bits(x), bits(y))).toBe(shared(bits(a), bits(b)))
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['127.0.0.1', /^127\.0\.0\.1$/],
    ['0.0.0.0/0', /^0\.0\.0\.0\/0$/],
    ['255.255.255.255', /^255\.255\.255\.255$/],
    ['224.0.0.251', /^224\.0\.0\.251$/],
    ['::1/128', /^::1\/128$/],
    ['ff02::1', /^ff02::1$/],
    ['10.11.12.13', /^10\.(?!11\.12\.13$)/],
    ['172.20.1.2', /^172\.(?:1[6-9]|2\d|3[01])\./],
    ['192.168.5.6', /^192\.168\./],
    ['169.254.1.2', /^169\.254\./],
    ['fe80::42:acff:fe11:2/64', /^fe[89ab][0-9a-f]:.*\/64$/],
    ['fd00::2', /^f[cd]/],
    ['10.1.2.0/24', /^10\.\d+\.\d+\.0\/24$/],
  ])('keep what they are for: %s', (address, expected) => {
    expect(pseudonyms.replace(address)).toMatch(expected)
  })

  test.each(['eth0', '1.2.3', '1.2.3.400', 'fd00:::1', '10.0.0.1/x', '', '::1::'])(
    'are not seen where none is: %j',
    (text) => {
      expect(pseudonyms.replace(text)).toBeUndefined()
    },
  )

  test('are written as the kernel writes them', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 1, 255), { minLength: 16, maxLength: 16 }), (bytes) => {
        const text = formatIp(bytes)
        expect(parseIp(text)).toEqual(bytes)
        expect(text).toBe(new URL(`http://[${text}]`).hostname.slice(1, -1))
      }),
    )
  })
})

describe('a rule', () => {
  const pseudonyms = { addresses: new AddressPseudonyms('seed'), names: new NamePseudonyms('seed') }

  test.each([
    '-i eth0 -p tcp -m tcp --dport 80 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '! -i docker0 -p udp -m multiport --dports 53,5353 -j KUBE-SERVICES',
    '-m addrtype --dst-type LOCAL -j DOCKER',
    '-m mark --mark 0x4000/0x4000 -j MASQUERADE --random-fully',
    '-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
    '-m limit --limit 3/min --limit-burst 5 -j REJECT --reject-with icmp-port-unreachable',
    'iifname "lo" ct state established,related counter packets 5 bytes 420 accept',
    'tcp dport { 80, 443 } meta l4proto tcp limit rate 3/minute reject with tcp reset',
    'fib daddr type local jump DOCKER',
  ])('that names nobody stays as it is: %s', (text) => {
    expect(redactRuleText(text, pseudonyms)).toBe(text)
  })

  test('keeps no word of a person, even one that looks like an option or a number', () => {
    const text = redactRuleText(
      '-m comment --comment --acme -m recent --name acme -i acme+ -j LOG --log-prefix 12345',
      pseudonyms,
    )
    expect(text).toMatch(/^-m comment --comment n-\w+ -m recent --name (n-\w+) -i \1\+ -j LOG --log-prefix n-\w+$/)
  })

  test('of any text is done in good time', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void redactRuleText(text, pseudonyms)))
    expect(redactRuleText(`"${'\\"'.repeat(50_000)}`, pseudonyms)).toMatch(/^"n-/)
  })
})
