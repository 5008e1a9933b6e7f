import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ExamineOptions, examine } from '../../../src/checks/doctor/examine.ts'
import type { Finding } from '../../../src/model/finding.ts'
import { parseSnapshot } from '../../../src/model/parse.ts'
import type { FirewallRule, HostSnapshot, Link, Namespace } from '../../../src/model/snapshot.ts'

export type HealthyName = 'port-publishing' | 'routers' | 'overlay' | 'services' | 'vlan-trunk' | 'overlay-encrypted'

/** A saved lab in which nothing is wrong. */
export function healthy(name: HealthyName): HostSnapshot {
  const path = fileURLToPath(new URL(`../../../fixtures/doctor/${name}.json`, import.meta.url))
  return parseSnapshot(readFileSync(path, 'utf8'), path)
}

export type Edit = (namespace: Namespace) => Namespace

/** The same with one namespace changed. */
export function broken(snapshot: HostSnapshot, name: string, edit: Edit): HostSnapshot {
  if (!snapshot.namespaces.some(({ owner }) => owner.name === name)) throw new Error(`no namespace ${name}`)
  const namespaces = snapshot.namespaces.map((each) => (each.owner.name === name ? edit(each) : each))
  return { ...snapshot, namespaces }
}

export function findingsOf(snapshot: HostSnapshot, options: ExamineOptions = {}): readonly Finding[] {
  return examine([snapshot], options).findings
}

/** The first finding, as one reads it: id, evidence, and the commands. */
export function firstOf(snapshot: HostSnapshot, options: ExamineOptions = {}) {
  const [first] = findingsOf(snapshot, options)
  return {
    id: first?.id,
    severity: first?.severity,
    evidence: first?.evidence.join('\n') ?? '',
    where: snapshot.namespaces.find(({ inode }) => inode === first?.namespace)?.owner.name,
    fix: first?.fix?.steps.map(({ name, words }) => `${name}: ${words.join(' ')}`) ?? [],
    undo: first?.fix?.steps.map(({ undo }) => undo?.join(' ')) ?? [],
  }
}

export function withSysctl(name: string, value: string): Edit {
  return (namespace) => ({ ...namespace, sysctls: { ...namespace.sysctls, [name]: value } })
}

export function withLink(name: string, edit: (link: Link) => Link): Edit {
  return (namespace) => ({
    ...namespace,
    links: namespace.links.map((link) => (link.name === name ? edit(link) : link)),
  })
}

/** Without the rules that a test picks; those after them move up. */
export function withoutRules(isGone: (rule: FirewallRule) => boolean): Edit {
  return (namespace) => ({ ...namespace, firewall: renumbered(namespace.firewall.filter((rule) => !isGone(rule))) })
}

/** A rule of iptables at the end of its chain, which is made when it is not there. */
export function withRule(table: string, chain: string, text: string): Edit {
  return (namespace) => {
    const rule: FirewallRule = {
      backend: 'nft',
      family: 'ip',
      table,
      chain,
      position: 0,
      text,
      syntax: 'iptables',
      packets: 0,
      bytes: 0,
    }
    const hook = chain.toLowerCase()
    const has = namespace.chains.some((each) => each.table === table && each.chain === chain)
    const made = {
      backend: 'nft',
      family: 'ip',
      table,
      chain,
      hook,
      priority: 0,
      type: 'filter',
      policy: 'ACCEPT',
    } as const
    return {
      ...namespace,
      firewall: renumbered([...namespace.firewall, rule]),
      chains: has ? namespace.chains : [...namespace.chains, made],
    }
  }
}

function renumbered(rules: readonly FirewallRule[]): FirewallRule[] {
  const counts = new Map<string, number>()
  return rules.map((rule) => {
    const key = `${rule.backend} ${rule.family} ${rule.table} ${rule.chain}`
    const position = (counts.get(key) ?? 0) + 1
    counts.set(key, position)
    return { ...rule, position }
  })
}

export function down(link: Link): Link {
  return { ...link, flags: link.flags.filter((flag) => flag !== 'UP' && flag !== 'LOWER_UP'), operstate: 'DOWN' }
}
