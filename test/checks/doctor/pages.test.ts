import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findingPages } from '../../../src/checks/doctor/checks.ts'
import { splitLine } from '../../../src/checks/doctor/steps.ts'
import { shellLine } from '../../../src/model/finding.ts'
import { pageMarkdown, pagesIndex } from '../../../src/report/finding-page.ts'
import { fixScript } from '../../../src/report/findings.ts'

const FOLDER = fileURLToPath(new URL('../../../docs/findings', import.meta.url))
/** The table of the catalogue of faults: each has a page of that name. */
const CATALOGUE =
  `forward-policy-drop ip-forward-off mtu-overlay-exceeds-underlay pmtu-blackhole vxlan-port-blocked fdb-missing
  fdb-stale neigh-missing neigh-stale duplicate-address duplicate-mac subnet-overlap nat-rules-flushed
  published-port-unreachable isolation-drop hairpin-off rp-filter-strict link-down veth-not-enslaved default-route-wrong
  container-dns-broken macvlan-host-isolation vlan-not-trunked ipvs-no-backend ipvs-dead-backend fwmark-mismatch
  ingress-rules-missing esp-blocked xfrm-mismatch leaked-namespace conntrack-full`.split(/\s+/)

describe('pages of findings', () => {
  test('docs/findings is what `node scripts/finding-docs.mjs` writes', () => {
    const pages = findingPages()
    const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8')
    expect(readdirSync(FOLDER).sort()).toEqual([...pages.map(({ id }) => `${id}.md`), 'README.md'].sort())
    for (const page of pages) expect(read(`${page.id}.md`)).toBe(pageMarkdown(page))
    expect(read('README.md')).toBe(pagesIndex(pages))
  })

  test('every fault of the catalogue has one', () => {
    const ids = findingPages().map(({ id }) => id)
    expect(CATALOGUE.filter((id) => !ids.includes(id))).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('the script of fixes', () => {
  const hostile = "web'; reboot #\n$(reboot)"
  const step = { namespace: 1, name: hostile, words: ['ip', 'link', 'set', 'dev', hostile, 'up'] }
  const finding = {
    id: 'link-down',
    severity: 'error',
    title: `${hostile} is down`,
    subject: hostile,
    evidence: [],
    places: [],
    cause: '',
    fix: { command: shellLine(step.words), steps: [step], summary: `sets ${hostile} up` },
  } as const

  test('quotes every name from outside, and a comment is one line', () => {
    const script = fixScript([finding], () => 'inode:1')
    const lines = script.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines[0]).toBe('set -e')
    expect(lines.slice(1).join('\n')).toBe(
      `tsnet-shoot enter inode:1 -- ip link set dev 'web'\\''; reboot #\n$(reboot)' up`,
    )
  })

  test('a quoted line gives its words back', () => {
    const words = ['nft', 'chain', 'ip', "it's", '{ policy accept; }', 'plain']
    expect(splitLine(shellLine(words))).toEqual(words)
  })
})
