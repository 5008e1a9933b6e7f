import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { examine } from '../../../src/checks/doctor/examine.ts'
import type { HostSnapshot, Link, Namespace } from '../../../src/model/snapshot.ts'
import { escapeHtml, scriptJson } from '../../../src/report/html/escape.ts'
import { htmlReport } from '../../../src/report/html/html-report.ts'
import { snapshotFixture } from '../../helpers/snapshots.ts'

function pageOf(snapshot: HostSnapshot): string {
  return htmlReport({
    hosts: [{ snapshot, namespaces: snapshot.namespaces }],
    examination: examine([snapshot]),
    journeys: [],
    journeysLeft: 0,
    version: '0',
  })
}

/** What a browser reads as markup: without the texts of script and style, which are our own. */
function markupOf(page: string): string {
  return page.replace(/(<style>)[\s\S]*?(<\/style>)/, '$1$2').replaceAll(/(<script[^>]*>)[\s\S]*?(<\/script>)/g, '$1$2')
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '<!--',
  '--><svg onload=alert(1)>',
  '&lt;b&gt;',
  '\u202ecod.exe',
  '\x1b]0;owned\x07',
  '{{7*7}}`',
  'javascript:alert(1)',
]
const NAME = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }))

/** A saved snapshot whose every name, alias and comment is another one. */
function renamed(names: readonly string[]): HostSnapshot {
  const snapshot = snapshotFixture('docker-host')
  let next = 0
  const name = () => names[next++ % names.length] ?? ''
  const links = (all: readonly Link[]): Link[] => all.map((link) => ({ ...link, name: name(), alias: name() }))
  const namespaces = snapshot.namespaces.map(
    (each): Namespace => ({
      ...each,
      owner: { ...each.owner, name: name() },
      names: [name()],
      links: links(each.links),
      firewall: each.firewall.map((rule) => ({
        ...rule,
        comment: name(),
        chain: name(),
        text: `${rule.text} ${name()}`,
      })),
    }),
  )
  const containers = snapshot.containers.map((each) => ({ ...each, name: name(), image: name() }))
  return { ...snapshot, hostname: name(), kernel: name(), namespaces, containers }
}

describe('a page', () => {
  const page = pageOf(snapshotFixture('docker-host'))

  test('lets a browser use nothing but its own style and script', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(page) ?? []
    expect(policy).toMatch(
      /^default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+'$/,
    )
    expect(page).not.toMatch(/\b(src|srcset|action)=|url\(|@import|https?:(?!\/\/www\.w3\.org\/2000\/svg")/)
  })

  test('has every table with rows, and says whose they are', () => {
    const [, json = ''] = /id="data">(.*)<\/script>/.exec(page) ?? []
    const { tables, namespaces } = JSON.parse(json)
    expect(namespaces.map(({ name }: { name: string }) => name)).toEqual([
      'host',
      'web',
      'db',
      'cache',
      '1-oq89pwce4',
      'ingress_sbox',
    ])
    const kinds = tables.map(({ kind }: { kind: string }) => kind)
    expect(kinds).toEqual(expect.arrayContaining(['ns', 'links', 'routes', 'iptables', 'sockets', 'ipvs', 'sysctl']))
    for (const { rows, columns } of tables) for (const row of rows) expect(row).toHaveLength(columns.length + 1)
  })

  test('tells the same of the same facts', () => {
    expect(pageOf(snapshotFixture('docker-host'))).toBe(page)
  })
})

describe('names in a page', () => {
  const known = markupTags(pageOf(snapshotFixture('docker-host')))

  test('are text, whatever they say: they add no tag, attribute or script', () => {
    fc.assert(
      fc.property(fc.array(NAME, { minLength: 1, maxLength: 12 }), (names) => {
        const page = pageOf(renamed(names))
        expect([...markupTags(page)].filter((tag) => !known.has(tag))).toEqual([])
        expect(page.match(/<script/g)).toHaveLength(2)
        expect(page.match(/<\/script/g)).toHaveLength(2)
        expect(markupOf(page)).not.toMatch(/<!--|&(?!#\d+;)/)
        expect(page.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e\u2028\u2029\u200b]/u)
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  test('come out of the escaper as text and out of the JSON as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"'`]|&(?!#\d+;)/)
        expect(scriptJson({ text })).not.toMatch(/[<>&\u2028\u2029]/)
        expect(JSON.parse(scriptJson({ text }))).toEqual({ text })
      }),
    )
  })
})

/** `a class href`: each kind of tag with the names of its attributes, so that values may differ. */
function markupTags(page: string): ReadonlySet<string> {
  const tags = markupOf(page).match(/<[^>]*>/g) ?? []
  return new Set(tags.map((tag) => tag.replaceAll(/="[^"]*"/g, '')))
}
