/** Something the kernel reported in one namespace (`watch`, the TUI's events view). */
export interface HostEvent {
  /** ISO 8601, UTC, when we read it. */
  readonly at: string
  readonly namespace: { readonly inode: number; readonly name: string }
  readonly kind:
    | 'namespace'
    | 'link'
    | 'address'
    | 'route'
    | 'rule'
    | 'neighbour'
    | 'fdb'
    | 'nft'
    | 'conntrack'
    | 'overrun'
  /** `resync`: the kernel dropped notifications (ENOBUFS) and everything was read again. */
  readonly action: 'new' | 'changed' | 'deleted' | 'resync'
  /** One line for people, unsanitised. */
  readonly text: string
  /** The row of the snapshot model, where there is one. */
  readonly object?: unknown
}
