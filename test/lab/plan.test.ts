import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatPlan } from '../../src/lab/plan/format-plan.ts'
import { planLab, type Step } from '../../src/lab/plan/plan.ts'
import type { LabObject, ResolvedLab } from '../../src/lab/resolve/lab-object.ts'
import { labOf } from '../helpers/lab-text.ts'

const planOf = (text: string): string => formatPlan(labOf(text), planLab(undefined, labOf(text)))

describe('the plan of a lab file:', () => {
  test('the smallest one', () => {
    expect(
      planOf(`name: two
hosts: {h1: {}}
networks: {n0: {driver: bridge, host: h1, subnet: 10.20.0.0/24}}
containers: {a: {host: h1, networks: [n0]}, b: {host: h1, networks: [n0]}}
`),
    ).toBe(`two: 6 steps
  1  + host h1: Docker 28 with iptables
  2  + network n0 at h1: bridge br-c5adfa7bc22a, 10.20.0.0/24 gateway 10.20.0.1
  3  + container a: at h1
  4  + container b: at h1
  5  + a in network n0: 10.20.0.2
  6  + b in network n0: 10.20.0.3
     agent: 2 name servers
`)
  })

  test('one with everything', () => {
    expect(
      planOf(`name: all
docker: {layout: 20}
segments: {lan: {subnet: 10.1.0.0/24, gateway: 10.1.0.1, mtu: 1400}}
hosts:
  h1:
    segments: {lan: {address: 10.1.0.2/24, rate: 10mbit, delay: 5ms}}
    sysctls: {net.ipv4.tcp_ecn: 1}
    firewall: ['-P INPUT DROP', '*nat', '-A PREROUTING -p tcp --dport 1 -j REDIRECT --to-ports 2']
    expose: {address: 10.99.0.2/30, peer: 10.99.0.1/30}
  h2: {docker: {backend: nft, userland_proxy: false, dns: false}}
routers:
  r: {segments: {lan: {address: 10.1.0.1/24, vlans: {7: 10.7.0.1/24}}}, routes: ['10.5.0.0/16 via 10.1.0.2 metric 5', 'blackhole 10.6.0.0/16']}
links:
  - {ends: [{node: h1, address: 10.3.0.1/30}, h2], loss: 1%, mtu: 1300}
networks:
  mv: {host: h1, driver: macvlan, subnet: 10.1.0.0/24, gateway: 10.1.0.1, options: {parent: eth0}}
  six: {host: h2, internal: true, ipam: {config: [{subnet: 10.8.0.0/24, ip_range: 10.8.0.128/25}, {subnet: 'fd00:8::/64'}]}}
containers:
  web: {host: h1, ports: ['127.0.0.1:80-81:80-81', '53/udp', '9000-9001:90'], workload: {kind: http, port: 81}, depends_on: [late], mtu: 1200}
  m: {host: h1, networks: {mv: {mac_address: '02:00:00:00:00:AA', aliases: [em, emm]}}, sysctls: [net.ipv4.tcp_ecn=0]}
  late: {host: h2, networks: [six], command: [sleep, '5'], environment: [A=b]}
  shared: {host: h2, networks: [host]}
`),
    ).toBe(`all: 30 steps
   1  + segment lan: MTU 1400
   2  + host h1: Docker 20 with iptables
   3  + host h2: Docker 20 with nft, no userland proxy, no DNS
   4  + router r
   5  + sysctl at h1: net.ipv4.tcp_ecn = 1
   6  + sysctl at r: net.ipv4.ip_forward = 1
   7  + sysctl at r: net.ipv6.conf.all.forwarding = 1
   8  + link h1:eth0 ⇄ lan:h1: 10.1.0.2/24, MTU 1400, 10mbit, delay 5ms
   9  + link r:eth0 ⇄ lan:r: 10.1.0.1/24, MTU 1400
  10  + VLAN r:eth0.7: 10.7.0.1/24
  11  + link h1:eth1 ⇄ h2:eth0: 10.3.0.1/30, MTU 1300, loss 1%
  12  + link h1:eth2 ⇄ tsx6fa7ff9e6a of this machine: 10.99.0.2/30, the machine has 10.99.0.1/30
  13  + route at h1: default via 10.1.0.1
  14  + route at r: 10.5.0.0/16 via 10.1.0.2 metric 5
  15  + route at r: blackhole 10.6.0.0/16
  16  + network mv at h1: macvlan, parent eth0, 10.1.0.0/24 gateway 10.1.0.1
  17  + network six at h2: bridge br-b12c6bac6d88, 10.8.0.0/24 gateway 10.8.0.128, range 10.8.0.128/25, fd00:8::/64 gateway fd00:8::1, internal, IPv6
  18  + network bridge at h1: bridge docker0, 172.17.0.0/16 gateway 172.17.0.1
  19  + network host at h2: host
  20  + container late: at h2
  21  + container web: at h1
  22  + container m: at h1, net.ipv4.tcp_ecn = 0
  23  + container shared: in the namespace of h2
  24  + late in network six: 10.8.0.129, fd00:8::2
  25  + web in network bridge: 172.17.0.2, MTU 1200, 127.0.0.1:80->80/tcp, 127.0.0.1:81->81/tcp, 0.0.0.0:32768->53/udp, 0.0.0.0:9000->90/tcp
  26  + m in network mv: 10.1.0.3, MAC 02:00:00:00:00:aa, also called em emm
  27  + shared in network host
  28  + workload of late: sleep 5, A=b
  29  + workload of web: http, port 81
  30  + firewall of h1: 2 IPv4 rules, -P INPUT DROP, nat -A PREROUTING -p tcp --dport 1 -j REDIRECT --to-ports 2
      agent: 1 name server, 2 workloads, 4 proxied ports
`)
  })

  test('with what no terminal should get', () => {
    const text = 'name: x\nhosts: {h: {firewall: ["-A INPUT -m comment --comment \\x1b[2J\\u202eevil -j DROP"]}}\n'
    const plan = planOf(text)
    expect(plan).toContain('\\x1b[2J\\u202eevil')
    expect(plan).not.toMatch(/[\x1b\u202e]/)
  })

  test('that has nothing to do', () => {
    const lab = labOf('name: x\nhosts: {h: }\n')
    expect(formatPlan(lab, planLab(lab, lab))).toBe('x: nothing to do\n')
  })
})

describe('what is chosen', () => {
  const addresses = (lab: ResolvedLab) =>
    Object.fromEntries(
      lab.objects.flatMap((object) => (object.kind === 'endpoint' ? [[object.container, object.ipv4]] : [])),
    )
  const HEAD = 'name: x\nhosts: {h: }\nnetworks: {n: {subnet: 10.0.0.0/28, aux_addresses: {printer: 10.0.0.2}}}\n'

  test('are the lowest addresses that nobody has asked for', () => {
    const lab = labOf(
      `${HEAD}containers: {a: {networks: [n]}, b: {networks: {n: {ipv4_address: 10.0.0.4}}}, c: {networks: [n]}}\n`,
    )
    expect(addresses(lab)).toEqual({ a: '10.0.0.3', b: '10.0.0.4', c: '10.0.0.5' })
  })

  test('stays when the file changes elsewhere', () => {
    const first = labOf(`${HEAD}containers: {a: {networks: [n]}, b: {networks: [n], ports: [80]}}\n`)
    const second = labOf(
      `${HEAD}containers: {z: {networks: [n], ports: [80]}, b: {networks: [n], ports: [80]}}\n`,
      first,
    )
    expect(addresses(second)).toEqual({ z: '10.0.0.3', b: '10.0.0.4' })
    const ports = second.objects.flatMap((object) =>
      object.kind === 'endpoint' ? object.ports.map((p) => p.hostPort) : [],
    )
    expect(ports).toEqual([32_769, 32_768])
  })

  test('is not taken by those who come new, also when they stand before', () => {
    const first = labOf('name: x\nhosts: {h: }\nnetworks: {n: }\ncontainers: {a: {networks: [n], ports: [80]}}\n')
    const second = labOf(
      'name: x\nhosts: {h: }\nnetworks: {m: , n: }\ncontainers: {z: {networks: [n], ports: [80]}, a: {networks: [n], ports: [80]}}\n',
      first,
    )
    expect(planLab(first, second).map(({ action, object }) => `${action} ${object.id}`)).toEqual([
      'make network m at h',
      'make container z',
      'make endpoint z in n',
    ])
  })

  test('are the default pools in their order, without those that a host has routes to', () => {
    const lab = labOf(`name: x
segments: {lan: {subnet: 172.18.0.0/16}}
hosts: {h: {segments: {lan: 172.18.0.1/16}, routes: [172.20.0.0/16 via 172.18.0.9]}}
networks: {a: , b: , c: {subnet: 172.17.0.0/24}, d: }
`)
    const subnets = lab.objects.flatMap((object) =>
      object.kind === 'network' ? object.pools.map((p) => p.subnet) : [],
    )
    expect(subnets).toEqual(['172.19.0.0/16', '172.21.0.0/16', '172.17.0.0/24', '172.22.0.0/16'])
  })

  test('is one address on a segment for macvlan containers of all its hosts', () => {
    const lab = labOf(`name: x
segments: {lan: {subnet: 10.0.0.0/24}}
hosts: {h1: {segments: {lan: 10.0.0.2/24}}, h2: {segments: {lan: 10.0.0.3/24}}}
networks: {m: {host: [h1, h2], driver: macvlan, subnet: 10.0.0.0/24, options: {parent: eth0}}}
containers: {a: {host: h1, networks: [m]}, b: {host: h2, networks: [m]}, c: {host: h1, networks: [m]}}
`)
    expect(addresses(lab)).toEqual({ a: '10.0.0.4', b: '10.0.0.5', c: '10.0.0.6' })
  })
})

describe('a plan between any two labs', () => {
  const labs = fc
    .record({
      hosts: fc.subarray(['h1', 'h2', 'h3'], { minLength: 1 }),
      networks: fc.uniqueArray(fc.tuple(fc.constantFrom('n1', 'n2', 'n3'), fc.nat(2)), { selector: ([name]) => name }),
      containers: fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(2), fc.nat(3)), {
        selector: ([name]) => name,
      }),
    })
    .map(({ hosts, networks, containers }) => {
      const nets = networks.map(
        ([name, subnet]) => `${name}: {host: [${hosts.join(', ')}], subnet: 10.${name.slice(1)}${subnet}.0.0/24}`,
      )
      const ctrs = containers.map(([name, host, network]) => {
        const on = networks[network % Math.max(1, networks.length)]?.[0]
        return `${name}: {host: ${hosts[host % hosts.length]}, networks: [${on ?? ''}]}`
      })
      return labOf(
        `name: x\nhosts: {${hosts.map((h) => `${h}: `).join(', ')}}\nnetworks: {${nets.join(', ')}}\ncontainers: {${ctrs.join(', ')}}\n`,
      )
    })

  /** What is there after the steps; each is refused while what it needs is missing, or something still needs it. */
  const carryOut = (from: ResolvedLab | undefined, steps: readonly Step[]): Map<string, string> => {
    const present = new Map((from?.objects ?? []).map((object) => [object.id, object]))
    const refuse = (what: string): never => {
      throw new Error(what)
    }
    const make = (object: LabObject): void => {
      if (present.has(object.id)) refuse(`${object.id} is there already`)
      for (const id of object.needs) if (!present.has(id)) refuse(`${object.id} lacks ${id}`)
      present.set(object.id, object)
    }
    const remove = ({ id }: LabObject): void => {
      if (!present.delete(id)) refuse(`${id} is not there`)
      for (const other of present.values()) if (other.needs.includes(id)) refuse(`${other.id} still needs ${id}`)
    }
    for (const { action, object } of steps) (action === 'make' ? make : remove)(object)
    return new Map([...present].map(([id, object]) => [id, JSON.stringify(object)]))
  }
  const contentOf = (lab: ResolvedLab) => new Map(lab.objects.map((object) => [object.id, JSON.stringify(object)]))

  test('leads from one to the other, each thing after what it needs', () => {
    fc.assert(
      fc.property(labs, labs, (from, to) => {
        expect(carryOut(from, planLab(from, to))).toEqual(contentOf(to))
        expect(carryOut(undefined, planLab(undefined, to))).toEqual(contentOf(to))
        expect(carryOut(to, planLab(to, undefined)).size).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  test('is taken back by its inverse in reverse, from any point', () => {
    fc.assert(
      fc.property(labs, labs, fc.nat(), (from, to, random) => {
        const steps = planLab(from, to)
        const done = steps.slice(0, random % (steps.length + 1))
        const inverse = { make: 'remove', remove: 'make' } as const
        const back = done.map(({ action, object }) => ({ action: inverse[action], object })).toReversed()
        expect(carryOut(from, [...done, ...back])).toEqual(contentOf(from))
      }),
      { numRuns: 150 },
    )
  })

  test('touches nothing that both have', () => {
    fc.assert(
      fc.property(labs, (lab) => {
        expect(planLab(lab, lab)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })
})
