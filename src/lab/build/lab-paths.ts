import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LAB_STATE } from '../../model/lab-files.ts'
import { LAB_TAG } from '../../owners/lab.ts'
import { labId } from '../resolve/ids.ts'

const NAMESPACES = '/run/netns'
const LOCKS = '/run/tsnet-shoot/locks'

/** What begins the alias of every link of a lab, and with a colon the name of every namespace. */
export function labTag(lab: string): string {
  return `${LAB_TAG}${lab}`
}

/** The nsfs file of a machine, segment or container: `ip netns` and `lab:LAB/NAME` know it by this name. */
export function namespacePath(lab: string, name: string): string {
  return join(NAMESPACES, `${labTag(lab)}:${name}`)
}

/**
 * The namespace that an overlay network has on a host, among the names of a lab: no machine can be called so. A Docker
 * Engine calls it `1-` and the first ten of the network's id.
 */
export function overlayName(network: string, host: string): string {
  return `${network}@${host}`
}

/** Everything that is kept of a lab while it is built. Mode 0700. */
export function stateFolder(lab: string): string {
  return join(LAB_STATE, lab)
}

/** A namespace that a fault has left in the lab: its name is like that of an engine's, and tells nobody of the lab. */
export function leakedNamespace(lab: string): string {
  return join(NAMESPACES, labId(lab, 'leaked').slice(0, 12))
}

/** Beside the state, which goes while it is held. */
export function lockFolder(lab: string): string {
  return join(LOCKS, lab)
}

/** Paths of all namespaces of a lab, whatever its state says. */
export function namespacesOf(lab: string): readonly string[] {
  return listFolder(NAMESPACES)
    .filter((name) => name.startsWith(`${labTag(lab)}:`))
    .map((name) => join(NAMESPACES, name))
}

/** Names of the labs of which there is anything: namespaces or state. */
export function presentLabs(): readonly string[] {
  const named = listFolder(NAMESPACES).flatMap((name) => {
    const [, lab] = name.startsWith(LAB_TAG) ? name.split(':') : []
    return lab ?? []
  })
  return [...new Set([...named, ...listFolder(LAB_STATE)])].sort()
}

/** Folders that labs share, once the last one is down. */
export const SHARED_FOLDERS: readonly string[] = [LAB_STATE, LOCKS, dirname(LAB_STATE)]

/** Nothing where there is none, or where it is for others. */
function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
