import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diffSnapshots } from '../../src/model/diff.ts'
import { diffOrder } from '../../src/model/diff-order.ts'
import type { FirewallRule, Kind, Namespace } from '../../src/model/snapshot.ts'
import { formatDiff } from '../../src/report/diff.ts'
import { makeLink, makeNamespace, makeSnapshot } from '../helpers/model.ts'

const rule = (text: string, position: number, more: Partial<FirewallRule> = {}): FirewallRule => ({
  backend: 'nft',
  family: 'ip',
  table: 'filter',
  chain: 'INPUT',
  position,
  text,
  syntax: 'iptables',
  packets: 0,
  bytes: 0,
  ...more,
})

const rules = (...texts: string[]) => texts.map((text, position) => rule(text, position + 1))

function diff(before: Partial<Namespace>, after: Partial<Namespace>, kinds?: readonly Kind[]): string[] {
  const more = kinds === undefined ? {} : { kinds }
  return formatDiff(
    diffSnapshots(
      makeSnapshot([makeNamespace('web', before)], more),
      makeSnapshot([makeNamespace('web', after)], more),
    ),
  )
}

describe('two snapshots of the same state', () => {
  const route = {
    table: 254,
    family: 4,
    type: 'unicast',
    destination: 'default',
    scope: 'global',
    protocol: 'boot',
  } as const

  test('do not differ though every counter, index, inode, handle and age does', () => {
    const before = makeNamespace('web', {
      inode: 1,
      links: [makeLink(1, 'lo'), makeLink(5, 'eth0', { peer: { namespace: 2, index: 9 } })],
      routes: [{ ...route, link: 5, gateway: '10.0.0.1' }],
      neighbours: [{ link: 5, address: '10.0.0.1', mac: '02:00:00:00:00:01', states: ['REACHABLE'] }],
      firewall: [rule('counter packets 4 bytes 8 accept', 1, { syntax: 'nft', handle: 3, packets: 4, bytes: 8 })],
    })
    const after = makeNamespace('web', {
      inode: 11,
      links: [makeLink(1, 'lo'), makeLink(7, 'eth0', { peer: { namespace: 12, index: 3 } })],
      routes: [{ ...route, link: 7, gateway: '10.0.0.1' }],
      neighbours: [{ link: 7, address: '10.0.0.1', mac: '02:00:00:00:00:01', states: ['STALE'] }],
      firewall: [rule('counter packets 9 bytes 9 accept', 1, { syntax: 'nft', handle: 7, packets: 9, bytes: 9 })],
    })
    const other = (inode: number, index: number) =>
      makeNamespace('other', {
        inode,
        links: [makeLink(index, 'veth0', { peer: { namespace: inode - 1, index: index === 9 ? 5 : 7 } })],
      })
    expect(diffSnapshots(makeSnapshot([before, other(2, 9)]), makeSnapshot([other(12, 3), after]))).toEqual([])
  })

  test('do not differ in what was read only once', () => {
    const before = makeSnapshot([makeNamespace('web', { links: [makeLink(1, 'lo')] })], { kinds: ['links', 'fdb'] })
    const after = makeSnapshot([makeNamespace('web')], { kinds: ['fdb'] })
    expect(diffSnapshots(before, after)).toEqual([])
  })
})

describe('a difference', () => {
  test('of a link names the fields that differ', () => {
    const links = [makeLink(2, 'eth0', { master: 3 }), makeLink(3, 'br0', { kind: 'bridge' })]
    const changed = [makeLink(2, 'eth0', { mtu: 1450 }), makeLink(3, 'br0', { kind: 'bridge' }), makeLink(9, 'eth1')]
    expect(diff({ links }, { links: changed })).toEqual([
      'web',
      '  ~ links eth0: mtu 1500 → 1450, master br0 → none',
      '  + links eth1: kind veth, mtu 1500, flags LOWER_UP,UP, operstate UP',
    ])
  })

  test('of a veth says where its other end went', () => {
    const peers = (name: string, inode: number) => [
      makeNamespace('web', { inode: 1, links: [makeLink(2, 'eth0', { peer: { namespace: inode, index: 4 } })] }),
      makeNamespace('blue', { inode: 2, links: [makeLink(4, name)] }),
      makeNamespace('red', { inode: 3, links: [makeLink(4, 'veth9')] }),
    ]
    const changes = diffSnapshots(makeSnapshot(peers('veth1', 2)), makeSnapshot(peers('veth1', 3)))
    expect(formatDiff(changes)).toEqual(['web', '  ~ links eth0: peer blue/veth1 → red/veth9'])
  })

  test('of namespaces, containers and what is hidden is said too', () => {
    const before = makeSnapshot([makeNamespace('old')], { kernel: '6.1' })
    const hidden = [{ subject: 'docker', reason: 'no answer' }]
    const changes = diffSnapshots(before, makeSnapshot([makeNamespace('new')], { kernel: '6.2', hidden }))
    expect(formatDiff(changes)).toEqual([
      '(the host as a whole)',
      '  ~ host host: kernel 6.1 → 6.2',
      '  + hidden docker: reason no answer',
      'new',
      '  + namespace new: owner netns, names new',
      'old',
      '  - namespace old: owner netns, names old',
    ])
  })

  test('shows hostile names harmlessly', () => {
    expect(diff({}, { links: [makeLink(2, 'e\u001b[2J', { alias: '\u202ex' })] }).join('\n')).not.toMatch(
      /[\u001b\u202e]/,
    )
  })

  test('of a chain’s policy is one of the chain', () => {
    const chain = {
      backend: 'legacy',
      family: 'ip',
      table: 'filter',
      chain: 'INPUT',
      hook: 'input',
      packets: 3,
      bytes: 4,
    } as const
    expect(
      diff({ chains: [{ ...chain, policy: 'ACCEPT' }] }, { chains: [{ ...chain, policy: 'DROP', packets: 9 }] }),
    ).toEqual(['web', '  ~ firewall chain legacy ip filter INPUT: policy ACCEPT → DROP'])
  })
})

describe('firewall rules', () => {
  test('are compared in their order', () => {
    expect(diff({ firewall: rules('a', 'b', 'c', 'd') }, { firewall: rules('d', 'a', 'x', 'c') })).toEqual([
      'web',
      '  ~ firewall ip filter INPUT 4 → 1: d',
      '  - firewall ip filter INPUT 2: b',
      '  + firewall ip filter INPUT 3: x',
    ])
  })

  test('that are alike are told apart', () => {
    expect(diff({ firewall: rules('a', 'a') }, { firewall: rules('a', 'a', 'a') })).toEqual([
      'web',
      '  + firewall ip filter INPUT 3: a',
    ])
  })

  test('of two chains with the same text are not mixed up', () => {
    const before = [rule('a', 1), rule('a', 1, { backend: 'legacy' })]
    expect(diff({ firewall: before }, { firewall: [rule('a', 1)] })).toEqual([
      'web',
      '  - firewall legacy ip filter INPUT 1: a',
    ])
  })
})

describe('an order', () => {
  const items = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 12 })

  test('becomes the other one when its changes are made', () => {
    fc.assert(
      fc.property(items, items, (before, after) => {
        const changes = diffOrder(before, after)
        const gone = new Set(changes.flatMap((change) => (change.before === undefined ? [] : [change.before])))
        const kept = before.filter((_, position) => !gone.has(position))
        const come = changes
          .filter(({ action }) => action !== 'removed')
          .toSorted((a, b) => (a.after ?? 0) - (b.after ?? 0))
        for (const { after: place = 0 } of come) kept.splice(place, 0, after[place] ?? 'a')
        expect(kept).toEqual(after)
      }),
    )
  })

  test('of many rules with few changes stays a short list', () => {
    const many = Array.from({ length: 50_000 }, (_, position) => `rule ${position}`)
    const changed = [
      ...many.slice(0, 100),
      'new',
      ...many.slice(100, 40_000),
      ...many.slice(40_001),
      many[40_000] ?? '',
    ]
    expect(diffOrder(many, changed)).toEqual([
      { action: 'added', after: 100 },
      { action: 'moved', before: 40_000, after: 50_000 },
    ])
  })
})
