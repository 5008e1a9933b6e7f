import { uniqueSelector } from '../../model/select.ts'
import type { Container, HostSnapshot, Namespace } from '../../model/snapshot.ts'
import type { Each } from './check.ts'
import type { EachItem } from './each-entry.ts'

/** The things that `each` means on a host, in the order of their names. */
export function eachItems(each: Each, snapshot: HostSnapshot): readonly EachItem[] {
  if (each.of === 'values') return each.patterns.map((value) => ({ selector: value, name: value }))
  const items = each.of === 'namespaces' ? namespaceItems(each, snapshot) : containerItems(each, snapshot)
  return items.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
}

function namespaceItems({ patterns, owner }: Each, snapshot: HostSnapshot): EachItem[] {
  return snapshot.namespaces
    .filter((namespace) => owner === undefined || namespace.owner.kind === owner)
    .filter(({ names, owner: { name } }) => [name, ...names].some((each) => isCalled(patterns, each)))
    .map((namespace) => itemOf(namespace, namespace.owner.name || namespace.names[0], snapshot))
}

function containerItems({ patterns, network, label }: Each, snapshot: HostSnapshot): EachItem[] {
  return snapshot.containers
    .filter(({ name }) => isCalled(patterns, name))
    .filter(({ networks }) => network === undefined || networks.some((each) => each.network === network))
    .filter((container) => label === undefined || hasLabel(container, label))
    .flatMap(({ name, namespace: inode }) => {
      const namespace = snapshot.namespaces.find((each) => each.inode === inode)
      return namespace === undefined ? [] : [itemOf(namespace, name, snapshot)]
    })
}

function itemOf(namespace: Namespace, name: string | undefined, snapshot: HostSnapshot): EachItem {
  const selector = uniqueSelector(snapshot, namespace)
  const address = namespace.addresses.find(({ scope }) => scope === 'global')?.address.split('/')[0]
  return { selector, name: name ?? selector, ...(address === undefined ? {} : { address }) }
}

function hasLabel({ labels }: Container, wanted: string): boolean {
  const at = wanted.indexOf('=')
  const [key, value] = at < 0 ? [wanted, undefined] : [wanted.slice(0, at), wanted.slice(at + 1)]
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
}

/** `*` stands for anything, so a name is compared part by part: no regular expression that could take long. */
function isCalled(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => isLike(pattern, name))
}

function isLike(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const [first = '', ...others] = parts
  if (others.length === 0) return pattern === name
  const last = others.pop() ?? ''
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const part of others) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= name.length - last.length
}
