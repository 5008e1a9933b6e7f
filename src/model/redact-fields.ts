import { recogniseNetwork } from './drivers.ts'
import { redactPath, redactSentence } from './redact-sentence.ts'
import { type Pseudonyms, redactChain, redactPlace, redactRuleText, redactWord } from './redact-text.ts'

/** What is done with a text; the fields of the model that have none here get `name`. */
export type Treatment = (text: string, pseudonyms: Pseudonyms) => string

const keep: Treatment = (text) => text
const name: Treatment = (text, { names }) => names.name(text)
const link: Treatment = (text, { names }) => names.link(text)
const place: Treatment = (text, pseudonyms) =>
  text === 'default' || text === '' || text === '*' ? text : (redactPlace(text, pseudonyms) ?? name(text, pseudonyms))
const driver: Treatment = (text, pseudonyms) =>
  recogniseNetwork({ driver: text, ipamDriver: text }) === undefined ? name(text, pseudonyms) : text

/** Words that the kernel, an engine or this program chose from a fixed list. */
const FIXED = `takenAt kernel kinds kind operstate flags scope states state type dataType protocol action backend
  family syntax hook policy mode algorithm direction scheduler forward engine sandbox madeBy preference encap qdisc`

const TREATMENTS: Readonly<Record<string, Treatment>> = {
  ...Object.fromEntries(FIXED.split(/\s+/).map((field) => [field, keep])),
  ...Object.fromEntries(
    `address addresses destination from to gateway source broadcast local remote servers subnet range hostAddress mac
    bridgeId rootId peer`
      .split(/\s+/)
      .map((field) => [field, place]),
  ),
  'links.name': link,
  altnames: link,
  iif: link,
  oif: link,
  device: (text, pseudonyms) =>
    text
      .split(',')
      .map((one) => link(one, pseudonyms))
      .join(','),
  label: (text, pseudonyms) =>
    text
      .split(':')
      .map((part) => (/^\d+$/.test(part) ? part : link(part, pseudonyms)))
      .join(':'),
  'networks.bridge': link,
  id: (text, { names }) => names.id(text),
  networkId: (text, { names }) => names.id(text),
  containerId: (text, { names }) => names.id(text),
  names: (text, pseudonyms) => (text.includes('/') ? redactPath(text, pseudonyms) : name(text, pseudonyms)),
  path: redactPath,
  networkMode: (text, { names }) =>
    text
      .split(':')
      .map((part) => (part === 'container' ? part : names.name(part)))
      .join(':'),
  driver,
  ipamDriver: driver,
  table: redactChain,
  chain: redactChain,
  target: redactChain,
  text: redactRuleText,
  members: redactRuleText,
  'qdiscs.handle': keep,
  'qdiscs.parent': keep,
  'dns.options': keep,
  subject: redactSentence,
  reason: redactSentence,
  hint: redactSentence,
}

/** A table whose keys are data. */
export type Dictionary = 'removed' | { readonly keys: Treatment; readonly values: Treatment }

const DICTIONARIES: Readonly<Record<string, Dictionary>> = {
  labels: 'removed',
  'networks.options': 'removed',
  'ipsets.options': { keys: keep, values: redactWord },
  features: { keys: keep, values: redactSentence },
  sysctls: {
    // `net.ipv4.conf.LINK.rp_filter`
    keys: (key, pseudonyms) =>
      key.replace(
        /^(net\.\w+\.(?:conf|neigh)\.)(.+)(\.\w+)$/,
        (_, head: string, on: string, tail: string) => `${head}${link(on, pseudonyms)}${tail}`,
      ),
    values: keep,
  },
}

/** By the field of the object around it and its own; by its own; what is not known is a name. */
export function treatmentOf(table: string, field: string): Treatment {
  return own(TREATMENTS, `${table}.${field}`) ?? own(TREATMENTS, field) ?? name
}

/** How the keys of a dictionary are treated; undefined when that field is an ordinary object. */
export function dictionaryOf(table: string, field: string): Dictionary | undefined {
  return own(DICTIONARIES, `${table}.${field}`) ?? own(DICTIONARIES, field)
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
