/**
 * How the lab marks what it makes, so that it can be recognised and undone after a crash: an `ip netns` name
 * `tsnet:LAB:NAME`, or a bind mount `/run/tsnet-shoot/labs/LAB/NAME`.
 */
export const LAB_TAG = 'tsnet:'
export const LAB_MOUNTS = '/run/tsnet-shoot/labs'

export interface LabName {
  readonly lab: string
  readonly name: string
}

/** The lab and the host or container that a namespace name or mount path stands for, if it is one of ours. */
export function parseLabName(nameOrPath: string): LabName | undefined {
  if (nameOrPath.startsWith(LAB_TAG)) return halves(nameOrPath.slice(LAB_TAG.length), ':')
  if (nameOrPath.startsWith(`${LAB_MOUNTS}/`)) return halves(nameOrPath.slice(LAB_MOUNTS.length + 1), '/')
  return undefined
}

function halves(text: string, separator: string): LabName | undefined {
  const at = text.indexOf(separator)
  if (at <= 0 || at === text.length - 1) return undefined
  return { lab: text.slice(0, at), name: text.slice(at + 1) }
}
