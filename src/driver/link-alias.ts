/**
 * The alias that marks a link as made here and says for what, so that whatever is left after a crash is recognised.
 * `tsnet:pets network 4f0a…` for bridges, VLAN sub-interfaces and dummies, `tsnet:pets endpoint 91c2…` for both ends
 * of a veth, macvlan and ipvlan links. The kernel takes up to 255 bytes (IFALIASZ).
 */
export interface LinkOwner {
  readonly kind: 'network' | 'endpoint' | 'sandbox'
  /** Whole id of the object. */
  readonly id: string
}

export function linkAlias(tag: string, { kind, id }: LinkOwner): string {
  return `${tag} ${kind} ${id}`
}

/** The object that a link with this alias was made for; undefined = not one of ours. */
export function linkOwner(tag: string, alias: string | undefined): LinkOwner | undefined {
  if (alias === undefined || !alias.startsWith(`${tag} `)) return undefined
  const [kind, id, ...rest] = alias.slice(tag.length + 1).split(' ')
  if (kind !== 'network' && kind !== 'endpoint' && kind !== 'sandbox') return undefined
  return id === undefined || id === '' || rest.length > 0 ? undefined : { kind, id }
}
