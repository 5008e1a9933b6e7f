import type { Bytes } from '../bytes.ts'
import { DNS_RCODE_NAMES, DNS_TYPE_NAMES } from '../names.ts'
import { addressField, dataLayer, field, hex, layer, named, type PacketNode, yesNo } from './node.ts'

const HEADER_BYTES = 12
const IS_ANSWER = 0x8000
const MOST_RECORDS = 64
const MOST_LABELS = 128
const LONGEST_NAME = 255
const TYPE = { A: 1, NS: 2, CNAME: 5, PTR: 12, TXT: 16, AAAA: 28 } as const

/** RFC 1035, section 4 */
export function dnsTree(bytes: Bytes): readonly PacketNode[] {
  if (!bytes.has(HEADER_BYTES)) return dataLayer(bytes)
  const flags = bytes.u16(2)
  const isAnswer = (flags & IS_ANSWER) !== 0
  const counts = [bytes.u16(4), bytes.u16(6), bytes.u16(8), bytes.u16(10)] as const
  const questions = sectionOf(bytes, HEADER_BYTES, counts[0], questionNode)
  const answers = sectionOf(bytes, questions.next, counts[1], recordNode)
  const first = questions.nodes[0]?.value ?? ''
  const rcode = DNS_RCODE_NAMES[flags & 15] ?? `rcode ${flags & 15}`
  const text = `${isAnswer ? 'answer' : 'question'} ${first}${isAnswer ? `: ${rcode}` : ''}`
  return [
    layer(
      bytes,
      ['dns', 'DNS', bytes.length, text.trimEnd()],
      [
        field(bytes, ['dns.id', 'Identification', 0, 2, hex(bytes.u16(0), 4)]),
        field(bytes, ['dns.flags', 'Flags', 2, 2, hex(flags, 4)], flagNodes(bytes, flags, rcode)),
        field(bytes, ['dns.count.queries', 'Questions', 4, 2, counts[0]]),
        field(bytes, ['dns.count.answers', 'Answers', 6, 2, counts[1]]),
        field(bytes, ['dns.count.auth_rr', 'Authorities', 8, 2, counts[2]]),
        field(bytes, ['dns.count.add_rr', 'Additional', 10, 2, counts[3]]),
        ...questions.nodes,
        ...answers.nodes,
      ],
    ),
  ]
}

/** Those of an answer say nothing in a question. */
function flagNodes(bytes: Bytes, flags: number, rcode: string): readonly PacketNode[] {
  const flag = (name: string, label: string, bit: number) =>
    field(bytes, [`dns.flags.${name}`, label, 2, 2, yesNo((flags & bit) !== 0)])
  const both = [
    flag('response', 'Answer', IS_ANSWER),
    flag('truncated', 'Truncated', 0x0200),
    flag('recdesired', 'Recursion desired', 0x0100),
  ]
  if ((flags & IS_ANSWER) === 0) return both
  return [
    ...both,
    flag('authoritative', 'Authoritative', 0x0400),
    flag('recavail', 'Recursion available', 0x0080),
    field(bytes, ['dns.flags.rcode', 'Result', 2, 2, rcode]),
  ]
}

interface Section {
  readonly nodes: readonly PacketNode[]
  readonly next: number
}

type ReadNode = (bytes: Bytes, at: number) => PacketNode | undefined

/** As many as there are, up to the first that is cut or points into itself. */
function sectionOf(bytes: Bytes, from: number, count: number, read: ReadNode): Section {
  const nodes: PacketNode[] = []
  let at = from
  while (nodes.length < Math.min(count, MOST_RECORDS)) {
    const node = read(bytes, at)
    if (node === undefined) break
    nodes.push(node)
    at += node.length
  }
  return { nodes, next: at }
}

function questionNode(bytes: Bytes, at: number): PacketNode | undefined {
  const name = nameAt(bytes, at)
  if (name === undefined || bytes.length < name.next + 4) return undefined
  const type = bytes.u16(name.next)
  return field(
    bytes,
    ['dns.qry', 'Question', at, name.next + 4 - at, `${typeText(type)} ${name.text}`],
    [
      field(bytes, ['dns.qry.name', 'Name', at, name.next - at, name.text]),
      field(bytes, ['dns.qry.type', 'Type', name.next, 2, named(type, DNS_TYPE_NAMES[type])]),
      field(bytes, ['dns.qry.class', 'Class', name.next + 2, 2, hex(bytes.u16(name.next + 2), 4)]),
    ],
  )
}

function typeText(type: number): string {
  return DNS_TYPE_NAMES[type] ?? `type ${type}`
}

function recordNode(bytes: Bytes, at: number): PacketNode | undefined {
  const name = nameAt(bytes, at)
  if (name === undefined || bytes.length < name.next + 10) return undefined
  const type = bytes.u16(name.next)
  const length = bytes.u16(name.next + 8)
  const body = name.next + 10
  if (bytes.length < body + length) return undefined
  const content = contentNode(bytes, [body, length], type)
  return field(
    bytes,
    ['dns.resp', 'Answer', at, body + length - at, `${typeText(type)} ${name.text} ${content.value}`],
    [
      field(bytes, ['dns.resp.name', 'Name', at, name.next - at, name.text]),
      field(bytes, ['dns.resp.type', 'Type', name.next, 2, named(type, DNS_TYPE_NAMES[type])]),
      field(bytes, ['dns.resp.class', 'Class', name.next + 2, 2, hex(bytes.u16(name.next + 2), 4)]),
      field(bytes, ['dns.resp.ttl', 'Time to live', name.next + 4, 4, `${bytes.u32(name.next + 4)} s`]),
      field(bytes, ['dns.resp.len', 'Length', name.next + 8, 2, length]),
      ...(length === 0 ? [] : [content]),
    ],
  )
}

const NAME_TYPES: Readonly<Record<number, string>> = {
  [TYPE.NS]: 'dns.ns',
  [TYPE.CNAME]: 'dns.cname',
  [TYPE.PTR]: 'dns.ptr.domain_name',
}

function contentNode(bytes: Bytes, [at, length]: readonly [number, number], type: number): PacketNode {
  if (type === TYPE.A && length === 4) return addressField(bytes, ['dns.a', 'Address', at, 4])
  if (type === TYPE.AAAA && length === 16) return addressField(bytes, ['dns.aaaa', 'Address', at, 16])
  const name = NAME_TYPES[type]
  if (name !== undefined) return field(bytes, [name, 'Name', at, length, nameAt(bytes, at)?.text ?? '?'])
  if (type === TYPE.TXT) return field(bytes, ['dns.txt', 'Text', at, length, latin1(bytes.from(at + 1, length - 1))])
  return field(bytes, ['dns.data', 'Data', at, length, `${length} bytes`])
}

/** A name and where what follows it begins; undefined when it does not end. Pointers lead backwards only. */
function nameAt(bytes: Bytes, start: number): { readonly text: string; readonly next: number } | undefined {
  const labels: string[] = []
  let at = start
  let next: number | undefined
  let size = 0
  while (labels.length < MOST_LABELS && at < bytes.length) {
    const length = bytes.u8(at)
    if (length === 0) return { text: labels.join('.') || '.', next: next ?? at + 1 }
    if (length >= 0xc0) {
      const target = bytes.u16(at) & 0x3fff
      if (bytes.length < at + 2 || target >= at) return undefined
      next ??= at + 2
      at = target
      continue
    }
    size += length + 1
    if (length > 63 || size > LONGEST_NAME || bytes.length < at + 1 + length) return undefined
    labels.push(latin1(bytes.from(at + 1, length)))
    at += 1 + length
  }
  return undefined
}

function latin1(bytes: Bytes): string {
  return String.fromCharCode(...bytes.view())
}
