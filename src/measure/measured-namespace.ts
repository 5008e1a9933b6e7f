import { statSync } from 'node:fs'
import { TsnetError } from '../errors.ts'
import { NamespaceSession } from '../inspect/session.ts'
import { discoverNamespaces } from '../kernel/namespaces.ts'
import { type Resolver, readResolver } from './resolve-name.ts'

/** A namespace that is measured from, or to: held open until it is closed. */
export interface MeasuredNamespace {
  /** As people call it. */
  readonly name: string
  readonly inode: number
  /** Leads to it, for as long as its owner keeps it. */
  readonly path: string
  inside<T>(action: () => T): T
  resolver(): Resolver
  close(): void
}

/** @throws TsnetError `vanished` or `privilege` */
export function openNamespace({ inode, name }: { readonly inode: number; readonly name: string }): MeasuredNamespace {
  const found = discoverNamespaces().namespaces.find((each) => each.inode === inode)
  const path = found?.paths.find((each) => leadsTo(each, inode))
  if (found === undefined || path === undefined) throw new TsnetError('vanished', `namespace ${name}: it went away`)
  const session = NamespaceSession.open(inode, found.paths, found.isOwn)
  return {
    name,
    inode,
    path,
    inside: (action) => session.inside(action),
    resolver: () => readResolver(found),
    close: () => session.close(),
  }
}

/** Whether the path still leads to that namespace: its owner has not given it up. */
export function leadsTo(path: string, inode: number): boolean {
  try {
    return statSync(path).ino === inode
  } catch {
    return false
  }
}
