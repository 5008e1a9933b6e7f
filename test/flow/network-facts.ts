import { World } from '../../src/flow/world.ts'
import type {
  Address,
  FirewallChain,
  FirewallRule,
  HostSnapshot,
  Link,
  Namespace,
  PolicyRule,
  Route,
  Socket,
} from '../../src/model/snapshot.ts'
import { KINDS } from '../../src/model/snapshot.ts'
import { makeLink, makeNamespace, makeSnapshot } from '../helpers/model.ts'

/** Puts namespaces, cables and bridges together as the inspector would see them. */
export class NetworkFacts {
  readonly #spaces = new Map<string, Draft>()
  #inode: number

  /** Facts of another machine begin with another inode, so that their MACs differ. */
  constructor(firstInode = 4026532000) {
    this.#inode = firstInode
  }

  host(name: string, more: Partial<Namespace> = {}): this {
    this.#spaces.set(name, {
      inode: this.#inode++,
      links: [
        {
          ...makeLink(1, 'lo', { kind: 'loopback', mac: '00:00:00:00:00:00', mtu: 65536 }),
          flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
        },
      ],
      addresses: [{ link: 1, address: '127.0.0.1/8', scope: 'host', flags: ['permanent'] }],
      routes: [
        {
          table: 255,
          family: 4,
          type: 'local',
          destination: '127.0.0.0/8',
          link: 1,
          source: '127.0.0.1',
          scope: 'host',
          protocol: 'kernel',
        },
      ],
      sockets: [],
      firewall: [],
      chains: [],
      sysctls: { 'net.ipv4.ip_forward': '0' },
      more: { rules: RULES, ...more },
    })
    return this
  }

  link(name: string, link: string, more: Partial<Link> = {}): Link {
    const draft = this.draft(name)
    const made = makeLink(draft.links.length + 1, link, { mac: macOf(draft.inode, draft.links.length), ...more })
    draft.links.push(made)
    return made
  }

  bridge(name: string, link: string, address?: string): this {
    const bridge = { stp: false, vlanFiltering: false, forwardDelayMs: 15000, ageingTimeMs: 300000 }
    this.link(name, link, { kind: 'bridge', bridge })
    if (address !== undefined) this.address(name, link, address)
    return this
  }

  /** A cable; `master` makes the first end a port of a bridge. */
  cable(a: string, aLink: string, b: string, bLink: string, { master }: { readonly master?: string } = {}): this {
    const bridge = master === undefined ? undefined : this.#index(a, master)
    const first = this.link(a, aLink, bridge === undefined ? {} : { master: bridge, port: PORT })
    const second = this.link(b, bLink)
    this.change(a, aLink, { peer: { namespace: this.draft(b).inode, index: second.index } })
    this.change(b, bLink, { peer: { namespace: this.draft(a).inode, index: first.index } })
    return this
  }

  change(name: string, link: string, more: Partial<Link>): this {
    const { links } = this.draft(name)
    const at = links.findIndex((each) => each.name === link)
    links[at] = { ...(links[at] as Link), ...more }
    return this
  }

  address(name: string, link: string, address: string): this {
    const draft = this.draft(name)
    const index = this.#index(name, link)
    const [plain = '', length = '32'] = address.split('/')
    const network = networkOf(plain, Number(length))
    draft.addresses.push({ link: index, address, scope: 'global', flags: ['permanent'] })
    draft.routes.push(
      {
        table: 255,
        family: 4,
        type: 'local',
        destination: `${plain}/32`,
        link: index,
        source: plain,
        scope: 'host',
        protocol: 'kernel',
      },
      {
        table: 254,
        family: 4,
        type: 'unicast',
        destination: `${network}/${length}`,
        link: index,
        source: plain,
        scope: 'link',
        protocol: 'kernel',
      },
    )
    return this
  }

  route(name: string, route: Partial<Route> & { readonly destination: string; readonly dev?: string }): this {
    const { dev, ...rest } = route
    const link = dev === undefined ? {} : { link: this.#index(name, dev) }
    this.draft(name).routes.push({
      table: 254,
      family: 4,
      type: 'unicast',
      scope: 'global',
      protocol: 'boot',
      ...link,
      ...rest,
    })
    return this
  }

  sysctl(name: string, key: string, value: string): this {
    this.draft(name).sysctls[key] = value
    return this
  }

  listen(name: string, protocol: 'tcp' | 'udp', port: number, local = '0.0.0.0'): this {
    const state = protocol === 'tcp' ? 'LISTEN' : 'UNCONN'
    this.draft(name).sockets.push({
      protocol,
      family: 4,
      state,
      local,
      localPort: port,
      inode: 1,
      receiveQueue: 0,
      sendQueue: 128,
    })
    return this
  }

  /** Lines of `iptables-save`: `:CHAIN POLICY` and `-A CHAIN …` of one table. */
  iptables(name: string, table: string, lines: readonly string[], backend: 'nft' | 'legacy' = 'nft'): this {
    const draft = this.draft(name)
    for (const line of lines) {
      if (line.startsWith(':')) draft.chains.push(chainOf(table, line, backend))
      else draft.firewall.push(ruleOf(table, line, backend, draft.firewall))
    }
    return this
  }

  /** A native chain with the expressions of its rules. */
  nft(name: string, chain: Omit<FirewallChain, 'backend'>, rules: readonly (readonly unknown[])[]): this {
    const draft = this.draft(name)
    draft.chains.push({ backend: 'nft', ...chain })
    for (const [at, expressions] of rules.entries()) {
      const { family, table } = chain
      const text = JSON.stringify(expressions)
      draft.firewall.push({
        backend: 'nft',
        family,
        table,
        chain: chain.chain,
        handle: at + 1,
        position: at + 1,
        text,
        syntax: 'nft',
        packets: -1,
        bytes: -1,
        expressions,
      })
    }
    return this
  }

  draft(name: string): Draft {
    const draft = this.#spaces.get(name)
    if (draft === undefined) throw new Error(`no namespace ${name}`)
    return draft
  }

  #index(name: string, link: string): number {
    const found = this.draft(name).links.find((each) => each.name === link)
    if (found === undefined) throw new Error(`no link ${link} in ${name}`)
    return found.index
  }

  snapshot(more: Partial<HostSnapshot> = {}): HostSnapshot {
    const namespaces = [...this.#spaces].map(([name, { more: own, ...tables }]) =>
      makeNamespace(name, { ...tables, ...own }),
    )
    return makeSnapshot(namespaces, { kinds: KINDS, ...more })
  }

  world(): World {
    return new World({ snapshots: [this.snapshot()] })
  }
}

/** Of a namespace that nobody changed. */
const RULES: readonly PolicyRule[] = [
  { family: 4, priority: 0, action: 'lookup', table: 255 },
  { family: 4, priority: 32766, action: 'lookup', table: 254 },
  { family: 4, priority: 32767, action: 'lookup', table: 253 },
]

interface Draft {
  readonly inode: number
  readonly links: Link[]
  readonly addresses: Address[]
  readonly routes: Route[]
  readonly sockets: Socket[]
  readonly firewall: FirewallRule[]
  readonly chains: FirewallChain[]
  readonly sysctls: Record<string, string>
  readonly more: { -readonly [Key in keyof Namespace]?: Namespace[Key] }
}

const PORT: NonNullable<Link['port']> = {
  state: 'forwarding',
  hairpin: false,
  isolated: false,
  learning: true,
  flood: true,
  guard: false,
  rootBlock: false,
  fastLeave: false,
  proxyArp: false,
  neighSuppress: false,
  cost: 2,
  priority: 32,
  number: 1,
}

function macOf(inode: number, number: number): string {
  const hex = (inode * 16 + number).toString(16).padStart(10, '0').slice(-10)
  return `02:${hex.match(/../g)?.join(':') ?? ''}`
}

function networkOf(address: string, length: number): string {
  const word = address.split('.').reduce((value, part) => value * 256 + Number(part), 0)
  const network = length === 0 ? 0 : Math.floor(word / 2 ** (32 - length)) * 2 ** (32 - length)
  return [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.')
}

const HOOKS: Readonly<Record<string, string>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
}
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0 }

function chainOf(table: string, line: string, backend: 'nft' | 'legacy'): FirewallChain {
  const [chain = '', policy = '-'] = line.slice(1).split(' ')
  const hook = HOOKS[chain]
  if (hook === undefined) return { backend, family: 'ip', table, chain }
  const isSource = hook === 'postrouting' || hook === 'input'
  const priority = table === 'nat' ? (isSource ? 100 : -100) : (PRIORITIES[table] ?? 0)
  const type = table === 'nat' ? 'nat' : table === 'mangle' && hook === 'output' ? 'route' : 'filter'
  return { backend, family: 'ip', table, chain, hook, priority, type, policy }
}

function ruleOf(table: string, line: string, backend: 'nft' | 'legacy', before: readonly FirewallRule[]): FirewallRule {
  const [, chain = '', text = ''] = /^-A (\S+) ?(.*)$/.exec(line) ?? []
  const position = before.filter((rule) => rule.table === table && rule.chain === chain).length + 1
  return { backend, family: 'ip', table, chain, position, text, syntax: 'iptables', packets: 0, bytes: 0 }
}
