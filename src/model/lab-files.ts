/** Kept of every lab that is built; what is in it goes with `lab down`. */
export const LAB_STATE = '/run/tsnet-shoot/state'

/** Where resolv.conf and hosts of a lab's container are, which has no files of its own. */
export function labFilesFolder(lab: string, name: string): string {
  return `${LAB_STATE}/${lab}/etc/${name}`
}

/** Folders that may hold resolv.conf and hosts for an `ip netns` name, in the order in which they count. */
export function namedFilesFolders(name: string): readonly string[] {
  const [, lab, own] = /^tsnet:([^:/]+):([^:/]+)$/.exec(name) ?? []
  return [`/etc/netns/${name}`, ...(lab === undefined || own === undefined ? [] : [labFilesFolder(lab, own)])]
}
