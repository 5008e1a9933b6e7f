import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { explanationOf, sysctlExplanation, TOPICS } from '../../src/tui/explain.ts'

const MODEL = fileURLToPath(new URL('../../src/model/snapshot.ts', import.meta.url))

/** Topic → the interface of the model whose fields `d` shows under it. */
const SUBJECTS: Readonly<Record<string, string>> = {
  namespace: 'Namespace',
  link: 'Link',
  address: 'Address',
  route: 'Route',
  'policy rule': 'PolicyRule',
  neighbour: 'Neighbour',
  fdb: 'FdbEntry',
  'firewall rule': 'FirewallRule',
  'firewall chain': 'FirewallChain',
  ipset: 'IpSet',
  ipvs: 'IpvsService',
  conntrack: 'ConntrackEntry',
  socket: 'Socket',
  'xfrm state': 'XfrmState',
  'xfrm policy': 'XfrmPolicy',
  qdisc: 'Qdisc',
  dns: 'DnsConfiguration',
  container: 'Container',
  hidden: 'Hidden',
}

/** A list of these is one line of a description: it is counted, not shown. */
const TABLES = new Set([
  'links',
  'addresses',
  'routes',
  'rules',
  'neighbours',
  'fdb',
  'firewall',
  'chains',
  'ipsets',
  'ipvs',
  'sockets',
  'states',
  'policies',
  'qdiscs',
  'expressions',
])

const program = ts.createProgram([MODEL], { allowImportingTsExtensions: true, noEmit: true, strict: true })
const checker = program.getTypeChecker()
const source = program.getSourceFile(MODEL)

/** Every path that `describe` can print of a type, `[]` for lists. */
function pathsOf(type: ts.Type, prefix: string): readonly string[] {
  return type.getProperties().flatMap((property) => {
    const path = prefix === '' ? property.name : `${prefix}.${property.name}`
    const declared = property.valueDeclaration
    if (declared === undefined) return []
    return pathsOfValue(checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(property, declared)), path)
  })
}

function pathsOfValue(type: ts.Type, path: string): readonly string[] {
  const name = path.split('.').at(-1) ?? ''
  if (TABLES.has(name)) return [path]
  if (checker.isTupleType(type)) return [path]
  const element = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference)[0] : undefined
  if (element !== undefined) return isObject(element) ? pathsOf(element, `${path}[]`) : [path]
  if (isObject(type) && checker.getIndexInfosOfType(type).length > 0) return []
  return isObject(type) ? pathsOf(type, path) : [path]
}

function isObject(type: ts.Type): boolean {
  return (type.flags & ts.TypeFlags.Object) !== 0
}

function interfaceCalled(name: string): ts.Type {
  const found = source?.statements.find((each) => ts.isInterfaceDeclaration(each) && each.name.text === name)
  if (found === undefined) throw new Error(`${name}: no such interface in the model`)
  return checker.getTypeAtLocation(found)
}

test.each(Object.entries(SUBJECTS))('every field of a %s is explained', (topic, name) => {
  const missing = pathsOf(interfaceCalled(name), '').filter((path) => explanationOf(topic, path) === undefined)
  expect(missing).toEqual([])
})

test('every explanation is a sentence with a source', () => {
  for (const table of Object.values(TOPICS)) {
    for (const [path, { text, source: where }] of Object.entries(table)) {
      expect(text, path).toMatch(/^\S.{6,}[.…]$/)
      expect(where, path).not.toBe('')
    }
  }
})

test('every sysctl that is read is explained', () => {
  const reader = readFileSync(fileURLToPath(new URL('../../src/kernel/sysctls.ts', import.meta.url)), 'utf8')
  const names = [...reader.matchAll(/^ {2}'([a-z0-9_.-]+)',$/gm), ...reader.matchAll(/'([a-z_]+)'(?=[,\]])/g)].map(
    ([, name = '']) => name,
  )
  const known = new Set(names.filter((name) => !/^(ipv4|ipv6|all|default)$/.test(name)))
  const missing = [...known].filter((name) => sysctlExplanation(`net.ipv4.conf.eth0.${name}`) === undefined)
  expect(missing).toEqual([])
})
