import { describe, expect, test } from 'vitest'
import { readLab } from '../../src/lab/read-lab.ts'
import { formatProblem } from '../../src/model/file/problem.ts'

/** Every problem of a file, as it is printed. */
const problemsOf = (text: string): string[] => readLab('lab.yaml', text).problems.map(formatProblem)

const HOSTS =
  'name: bad\nhosts: {h1: {segments: {lan: 192.168.0.2/24}}, h2: }\nsegments: {lan: {subnet: 192.168.0.0/24}}\n'
/** Line 4 and on. */
const withHosts = (text: string): string => `${HOSTS}${text}`

describe('a bad lab file is refused with line and column:', () => {
  test.each<[string, string, string[]]>([
    [
      'no YAML',
      'name: [',
      ['lab.yaml:1:8: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['two documents', 'name: a\n---\nname: b\n', ['lab.yaml:2:1: a second document: a file is one']],
    ['a key twice', 'name: a\nname: b\nhosts: {h: }\n', ['lab.yaml:2:1: Map keys must be unique']],
    [
      'an alias of nothing',
      'name: *x\nhosts: {h: }\n',
      ['lab.yaml:1:7: Unresolved alias (the anchor must be set before the alias): x'],
    ],
    ['no map', '- a\n', ['lab.yaml:1:1: expected a lab of tsnet-shoot, found a list']],
    ['nothing at all', '', ['lab.yaml:1:1: expected a lab of tsnet-shoot, found nothing']],
    ['no hosts', 'name: a\n', ['lab.yaml:1:1: hosts is missing']],
    ['hosts without a host', 'name: a\nhosts: {}\n', ['lab.yaml:2:8: at least one is needed']],
    [
      'an unknown key at the top',
      'name: a\nhosts: {h: }\nnetwork: {}\n',
      ['lab.yaml:3:1: unknown key network (did you mean networks?)'],
    ],
    [
      'an unknown key inside',
      withHosts('networks:\n  n0:\n    host: h1\n    subnett: 10.0.0.0/24\n'),
      ['lab.yaml:7:5: unknown key subnett (did you mean subnet?)'],
    ],
    [
      'a name with capitals',
      'name: Lab\nhosts: {h: }\n',
      ['lab.yaml:1:7: expected a name of small letters, digits and "-", found "Lab"'],
    ],
    [
      'a name that leads elsewhere',
      'name: ../x\nhosts: {h: }\n',
      ['lab.yaml:1:7: expected a name of small letters, digits and "-", found "../x"'],
    ],
    [
      'a host whose name is none',
      'name: a\nhosts:\n  "a b": {}\n',
      ['lab.yaml:3:3: expected a name of letters, digits, "_", "." and "-", found "a b"'],
    ],
    [
      'a driver that is not known',
      withHosts('networks: {n: {host: h1, driver: brige}}\n'),
      [
        'lab.yaml:4:34: expected one of bridge, overlay, macvlan, ipvlan, host, none, found "brige" (did you mean bridge?)',
      ],
    ],
    [
      'a text where a list is wanted',
      withHosts('containers: {a: {host: h1, command: ls}}\n'),
      ['lab.yaml:4:37: expected a list, found "ls"'],
    ],
    [
      'a missing host',
      withHosts('networks: {n: {host: h3}}\n'),
      ['lab.yaml:4:22: there is no host h3 (did you mean h1, h2?)'],
    ],
    [
      'no host where there are several',
      withHosts('containers:\n  a: {networks: []}\n'),
      ['lab.yaml:5:6: host is missing: the lab has several'],
    ],
    [
      'a missing network',
      withHosts('containers: {a: {host: h1, networks: [nope]}}\n'),
      ['lab.yaml:4:39: there is no network nope (did you mean none?)'],
    ],
    ['a missing segment', 'name: a\nhosts: {h: {segments: [lan]}}\n', ['lab.yaml:2:24: there is no segment lan']],
    [
      'a network of another host',
      withHosts('networks: {n: {host: h1}}\ncontainers: {a: {host: h2, networks: [n]}}\n'),
      ['lab.yaml:5:39: the network n is on h1, the container on h2'],
    ],
    [
      'a subnet that is none',
      withHosts('networks: {n: {host: h1, subnet: 10.0.0.300/24}}\n'),
      ['lab.yaml:4:34: not a subnet: 10.0.0.300/24'],
    ],
    [
      'a subnet with host bits',
      withHosts('networks: {n: {host: h1, subnet: 10.0.0.1/24}}\n'),
      ['lab.yaml:4:34: 10.0.0.1/24 has host bits set: the subnet is 10.0.0.0/24'],
    ],
    [
      'the same subnet twice at one host',
      withHosts('networks:\n  n: {host: h1, subnet: 10.0.0.0/24}\n  m: {host: h1, subnet: 10.0.0.0/24}\n'),
      ['lab.yaml:6:25: the subnet 10.0.0.0/24 is also that of network n'],
    ],
    [
      'overlapping subnets',
      withHosts('networks:\n  n: {host: h1, subnet: 10.0.0.0/16}\n  m: {host: h1, subnet: 10.0.5.0/24}\n'),
      ['lab.yaml:6:25: the subnet 10.0.5.0/24 overlaps network n (10.0.0.0/16)'],
    ],
    [
      'a subnet of the underlay',
      withHosts('networks: {n: {host: h1, subnet: 192.168.0.0/25}}\n'),
      ['lab.yaml:4:34: the subnet 192.168.0.0/25 overlaps segment lan at h1 (192.168.0.0/24)'],
    ],
    [
      'a gateway elsewhere',
      withHosts('networks: {n: {host: h1, subnet: 10.0.0.0/24, gateway: 10.0.1.1}}\n'),
      ['lab.yaml:4:56: 10.0.1.1 is outside of 10.0.0.0/24'],
    ],
    [
      'a range elsewhere',
      withHosts('networks: {n: {host: h1, subnet: 10.0.0.0/24, ip_range: 10.1.0.0/25}}\n'),
      ['lab.yaml:4:57: 10.1.0.0/25 is outside of 10.0.0.0/24'],
    ],
    [
      'IPv6 without a subnet',
      withHosts('networks: {n: {host: h1, ipv6: true}}\n'),
      ['lab.yaml:4:32: ipv6 needs an IPv6 subnet: there are no default pools of them'],
    ],
    [
      'an address outside its subnet',
      withHosts(
        'networks: {n: {host: h1, subnet: 10.0.0.0/24}}\ncontainers: {a: {host: h1, networks: {n: {ipv4_address: 10.0.1.2}}}}\n',
      ),
      ['lab.yaml:5:57: 10.0.1.2 is outside of 10.0.0.0/24'],
    ],
    [
      'a broadcast address',
      withHosts(
        'networks: {n: {host: h1, subnet: 10.0.0.0/24}}\ncontainers: {a: {host: h1, networks: {n: {ipv4_address: 10.0.0.255}}}}\n',
      ),
      ['lab.yaml:5:57: 10.0.0.255 is the network or broadcast address of its subnet'],
    ],
    [
      'an address of the default pools',
      withHosts('networks: {n: {host: h1}}\ncontainers: {a: {host: h1, networks: {n: {ipv4_address: 172.17.0.9}}}}\n'),
      ['lab.yaml:5:57: an address can be chosen only where the network n names its IPv4 subnet'],
    ],
    [
      'an address twice',
      withHosts(
        'networks: {n: {host: h1, subnet: 10.0.0.0/24}}\ncontainers:\n  a: {host: h1, networks: {n: {ipv4_address: 10.0.0.5}}}\n  b: {host: h1, networks: {n: {ipv4_address: 10.0.0.5}}}\n',
      ),
      ['lab.yaml:7:46: 10.0.0.5 belongs to a already'],
    ],
    [
      'the address of the gateway',
      withHosts(
        'networks: {n: {host: h1, subnet: 10.0.0.0/24, gateway: 10.0.0.9}}\ncontainers: {a: {host: h1, networks: {n: {ipv4_address: 10.0.0.9}}}}\n',
      ),
      ['lab.yaml:5:57: 10.0.0.9 belongs to the gateway of n already'],
    ],
    [
      'two hosts with one address',
      'name: a\nsegments: {lan: }\nhosts:\n  a: {segments: {lan: 10.0.0.1/24}}\n  b: {segments: {lan: 10.0.0.1/24}}\n',
      ['lab.yaml:5:23: 10.0.0.1/24 belongs to a already'],
    ],
    [
      'a macvlan container with the address of a host',
      withHosts(
        'networks: {m: {host: h1, driver: macvlan, subnet: 192.168.0.0/24, options: {parent: eth0}}}\ncontainers: {a: {host: h1, networks: {m: {ipv4_address: 192.168.0.2}}}}\n',
      ),
      ['lab.yaml:5:57: 192.168.0.2 belongs to h1 already'],
    ],
    [
      'a MAC twice',
      withHosts(
        'networks: {n: {host: h1}}\ncontainers:\n  a: {host: h1, networks: {n: {mac_address: "02:00:00:00:00:01"}}}\n  b: {host: h1, networks: {n: {mac_address: "02:00:00:00:00:01"}}}\n',
      ),
      ['lab.yaml:7:45: 02:00:00:00:00:01 belongs to a already'],
    ],
    [
      'a missing parent',
      withHosts('networks: {m: {host: h1, driver: macvlan, options: {parent: eth1}}}\n'),
      ['lab.yaml:4:61: h1 has no interface eth1 (did you mean eth0?)'],
    ],
    [
      'a VLAN that is none',
      withHosts('networks: {m: {host: h1, driver: macvlan, options: {parent: eth0.5000}}}\n'),
      ['lab.yaml:4:61: a VLAN id is from 1 to 4094, not 5000'],
    ],
    [
      'a mode that is none',
      withHosts('networks: {m: {host: h1, driver: macvlan, options: {parent: eth0, macvlan_mode: bogus}}}\n'),
      ['lab.yaml:4:81: no such mode: bogus; there are bridge, private, vepa, passthru'],
    ],
    [
      'a bridge name too long for an interface',
      withHosts('networks: {n: {host: h1, options: {com.docker.network.bridge.name: sixteen-letters!}}}\n'),
      ['lab.yaml:4:68: the interface name sixteen-letters! has 16 characters, the kernel takes 15'],
    ],
    [
      'an interface name too long',
      withHosts(
        'networks: {n: {host: h1}}\ncontainers: {a: {host: h1, networks: {n: {interface: a-very-long-name-}}}}\n',
      ),
      ['lab.yaml:5:54: the interface name a-very-long-name- has 17 characters, the kernel takes 15'],
    ],
    [
      'a name twice among machines and containers',
      withHosts('containers: {h1: {host: h2, networks: []}}\n'),
      ['lab.yaml:4:14: the name h1 belongs to a host already'],
    ],
    [
      'a port that is none',
      withHosts('containers: {a: {host: h1, ports: ["80:70000"]}}\n'),
      ['lab.yaml:4:36: not a port: "70000"'],
    ],
    [
      'ports that are no ports',
      withHosts('containers: {a: {host: h1, ports: ["a:b:c:d"]}}\n'),
      ['lab.yaml:4:36: not a port as Compose writes it: "a:b:c:d"'],
    ],
    [
      'a protocol that is none',
      withHosts('containers: {a: {host: h1, ports: ["80:80/icmp"]}}\n'),
      ['lab.yaml:4:36: no such protocol: icmp (tcp, udp or sctp)'],
    ],
    [
      'ranges of different length',
      withHosts('containers: {a: {host: h1, ports: ["8000-8001:80-82"]}}\n'),
      ['lab.yaml:4:36: 2 ports of the host cannot stand for 3 of the container'],
    ],
    [
      'a port of the host twice',
      withHosts('containers:\n  a: {host: h1, ports: ["8000:80"]}\n  b: {host: h1, ports: ["127.0.0.1:8000:81"]}\n'),
      ['lab.yaml:6:25: port 8000 is published already by a'],
    ],
    [
      'a range with no port left',
      withHosts('containers:\n  a: {host: h1, ports: ["8000-8001:80-81"]}\n  b: {host: h1, ports: ["8000-8001:80"]}\n'),
      ['lab.yaml:6:25: every port from 8000 to 8001 is published already by a'],
    ],
    [
      'containers that wait for each other',
      withHosts(
        'containers:\n  a: {host: h1, depends_on: [b]}\n  b: {host: h1, depends_on: [c]}\n  c: {host: h1, depends_on: [a]}\n',
      ),
      ['lab.yaml:7:30: they wait for each other: a → b → c → a'],
    ],
    [
      'a container in host and another network',
      withHosts('networks: {n: {host: h1}}\ncontainers: {a: {host: h1, networks: [host, n]}}\n'),
      ['lab.yaml:5:39: a container in the network host cannot be in another one'],
    ],
    [
      'a setting of the whole machine',
      withHosts('containers: {a: {host: h1, sysctls: {kernel.panic: 1}}}\n'),
      ['lab.yaml:4:38: kernel.panic is no setting of a network namespace (net.…)'],
    ],
    [
      'a setting that leads elsewhere',
      'name: a\nhosts: {h: {sysctls: {net.ipv4./../x: 1}}}\n',
      ['lab.yaml:2:23: net.ipv4./../x is no setting of a network namespace (net.…)'],
    ],
    [
      'a route without a way',
      'name: a\nhosts: {h: {routes: [10.0.0.0/8]}}\n',
      ['lab.yaml:2:22: the route to 10.0.0.0/8 needs "via" or "dev"'],
    ],
    [
      'a route of two families',
      'name: a\nhosts: {h: {routes: [10.0.0.0/8 via fd00::1]}}\n',
      ['lab.yaml:2:22: 10.0.0.0/8 cannot be reached via fd00::1: one is IPv4, the other IPv6'],
    ],
    [
      'a rule that adds nothing',
      "name: a\nhosts: {h: {firewall: ['-F']}}\n",
      ['lab.yaml:2:24: not a line that adds something: "-F" (*TABLE, -A, -I, -N or -P)'],
    ],
    [
      'a rule of two lines',
      'name: a\nhosts: {h: {firewall: ["-A INPUT -j DROP\\nCOMMIT"]}}\n',
      ['lab.yaml:2:24: a rule is one line'],
    ],
    [
      'a cable with one end',
      'name: a\nhosts: {h: }\nlinks: [{ends: [h]}]\n',
      ['lab.yaml:3:16: expected 2 of them, found 1'],
    ],
    [
      'a check of nothing',
      'name: a\nhosts: {h: }\nchecks: [{name: x, from: h}]\n',
      [expect.stringMatching(/^lab\.yaml:3:10: a check has one of namespace, link, .* iperf, this one has none$/)],
    ],
    [
      'a check that expects what cannot be',
      'name: a\nhosts: {h: }\nchecks: [{name: x, from: h, ping: 10.0.0.1, expect: open}]\n',
      ['lab.yaml:3:53: expected one of reply, unreachable, timeout, closed, found "open"'],
    ],
    [
      'a web without its store',
      withHosts('containers: {a: {host: h1, workload: web}}\n'),
      ['lab.yaml:4:17: the workload web needs DB in its environment: the kv that it counts in, HOST[:PORT]'],
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected)
    expect(readLab('lab.yaml', text).topology).toBeUndefined()
  })

  test('2,000 containers on one bridge, where the kernel stops at 1,023', () => {
    const containers = Array.from({ length: 2000 }, (_, i) => `  c${i}: {host: h1, networks: [n]}\n`).join('')
    const text = withHosts(`networks:\n  n: {host: h1, subnet: 10.0.0.0/16}\ncontainers:\n${containers}`)
    expect(problemsOf(text)).toEqual(['lab.yaml:5:3: 2000 ports on one bridge: the kernel stops at 1023'])
  })

  test('more containers than addresses', () => {
    const containers = Array.from({ length: 6 }, (_, i) => `  c${i}: {host: h1, networks: [n]}\n`).join('')
    const text = withHosts(`networks: {n: {host: h1, subnet: 10.0.0.0/29}}\ncontainers:\n${containers}`)
    expect(problemsOf(text)).toEqual(['lab.yaml:4:34: 6 containers need an address, 5 are left'])
  })
})

describe('a hostile file costs little:', () => {
  test.each<[string, string, RegExp]>([
    [
      'aliases that multiply',
      `a: &a [${'x,'.repeat(9)}x]\nb: &b [${'*a,'.repeat(9)}*a]\nc: &c [${'*b,'.repeat(9)}*b]\nd: [${'*c,'.repeat(9)}*c]\n`,
      /^lab.yaml:2:8: its aliases stand for too much/,
    ],
    ['brackets in brackets', '['.repeat(500_000), /^lab.yaml:1:65: nested too deeply/],
    ['maps in maps', '{a: '.repeat(200_000), /nested too deeply/],
    ['lists in lists', '- '.repeat(300_000), /nested too deeply/],
    [
      'indentation without end',
      Array.from({ length: 900 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
      /nested too deeply/,
    ],
    ['more than a megabyte', `name: a\n# ${'x'.repeat(1024 * 1024)}\n`, /^lab.yaml:1:1: more than 1048576 bytes/],
    [
      'a thousand wrong keys',
      `name: a\nhosts: {h: }\n${Array.from({ length: 1000 }, (_, i) => `k${i}: 1\n`).join('')}`,
      /unknown key k0/,
    ],
    [
      'keys of the prototype',
      'name: a\nhosts: {h: }\n__proto__: {polluted: 1}\nconstructor: 1\n',
      /unknown key __proto__/,
    ],
  ])('%s', (_, text, expected) => {
    const start = performance.now()
    expect(problemsOf(text)[0]).toMatch(expected)
    expect(problemsOf(text).length).toBeLessThanOrEqual(200)
    expect(performance.now() - start).toBeLessThan(20_000)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

test('all that is wrong is found together, in the order of the file', () => {
  const text = `name: bad
hosts:
  h1: {segments: {lan: 192.168.0.2/24}, dokcer: {}}
segments: {lan: {subnet: 192.168.0.0/24}}
networks:
  n0: {driver: brigde}
  n1: {subnet: 10.20.0.0/24, subnett: 1}
  n2: {subnet: 10.20.0.128/25}
containers:
  a: {networks: {n1: {ipv4_address: 10.21.0.3}}, ports: ["8000:80"]}
  b: {networks: [n1, nope], ports: ["8000:81"]}
  c: 5
checks:
  - {ping: b}
`
  expect(problemsOf(text)).toEqual([
    'lab.yaml:3:41: unknown key dokcer (did you mean docker?)',
    'lab.yaml:6:16: expected one of bridge, overlay, macvlan, ipvlan, host, none, found "brigde" (did you mean bridge?)',
    'lab.yaml:7:30: unknown key subnett (did you mean subnet?)',
    'lab.yaml:8:16: the subnet 10.20.0.128/25 overlaps network n1 (10.20.0.0/24)',
    'lab.yaml:10:37: 10.21.0.3 is outside of 10.20.0.0/24',
    'lab.yaml:11:22: there is no network nope (did you mean none?)',
    'lab.yaml:11:37: port 8000 is published already by a',
    'lab.yaml:12:6: expected a map, found 5',
    'lab.yaml:14:5: from is missing',
  ])
})

test('what was taken from an anchor is told where it stands', () => {
  const text = 'name: a\nhosts: {h: }\nx-net: &net\n  subnet: 10.0.0.1/24\nnetworks:\n  n: {<<: *net}\n'
  expect(problemsOf(text)).toEqual(['lab.yaml:4:11: 10.0.0.1/24 has host bits set: the subnet is 10.0.0.0/24'])
})
