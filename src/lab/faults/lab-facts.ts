import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { readHost } from '../../inspect/read-host.ts'
import { type HostSnapshot, KINDS, type Kind, type Namespace } from '../../model/snapshot.ts'
import { namespacesOf } from '../build/lab-paths.ts'
import { readBuiltLab } from '../build/lab-state.ts'
import type { ResolvedLab } from '../resolve/lab-object.ts'
import { canLimit } from './keep/machine-limits.ts'

/** A lab as it was written and as it is. */
export interface LabFacts {
  readonly lab: ResolvedLab
  /** By name: hosts, routers, segments, containers, the part of an overlay network on a host. */
  readonly places: ReadonlyMap<string, Namespace>
  /** Feature of the kernel, or limit of the machine that we may change → true, or why it is not there. */
  readonly features: HostSnapshot['features']
}

/** Of the first namespace of the machine; it holds for the tables of all, each by itself. */
export const CONNTRACK_MAX = 'net.netfilter.nf_conntrack_max'

const NEEDED: readonly Kind[] = KINDS.filter((kind) => kind !== 'dns' && kind !== 'qdisc' && kind !== 'conntrack')

/** @throws TsnetError `usage` when the lab is not up */
export async function readLabFacts(name: string): Promise<LabFacts> {
  const lab = readBuiltLab(name).resolved
  const paths = namespacesOf(name)
  const inodes = new Set(paths.map((path) => statSync(path).ino))
  const { snapshot } = await readHost({ kinds: NEEDED, choose: () => [...inodes] })
  const byInode = new Map(snapshot.namespaces.map((namespace) => [namespace.inode, namespace]))
  const places = new Map<string, Namespace>()
  for (const path of paths) {
    const namespace = byInode.get(statSync(path).ino)
    if (namespace !== undefined) places.set(basename(path).split(':')[2] ?? '', namespace)
  }
  return { lab, places, features: { ...snapshot.features, [CONNTRACK_MAX]: canLimit(CONNTRACK_MAX) } }
}
