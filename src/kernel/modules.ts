import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'

/**
 * Whether a part of the kernel is there already, loaded or built in.
 *
 * Many netlink requests make the kernel load the module that would answer them, and looking must not change the
 * host: ask first. What is not loaded has no tables, services or entries either.
 */
export function isModuleActive(name: string): boolean {
  let active = known.get(name)
  if (active === undefined) {
    active = probe(name)
    // A module may be loaded later, but hardly one goes away while we look.
    if (active) known.set(name, active)
  }
  return active
}

const known = new Map<string, boolean>()

function probe(name: string): boolean {
  if (existsSync(`/sys/module/${name}`)) return true
  const loaded = read('/proc/modules')
  // A kernel without loadable modules: whatever it has is built in, and nothing can be loaded.
  if (loaded === undefined || loaded === '') return true
  const folder = `/lib/modules/${release()}`
  if (lists(read(`${folder}/modules.builtin`), name)) return true
  // Without the folder (a container) nobody tells what is built in: do not touch what does not show itself.
  return false
}

/** modules.builtin(5): a path a line, `kernel/net/netfilter/nf_tables.ko`; `-` and `_` mean the same. */
function lists(text: string | undefined, name: string): boolean {
  return text?.replaceAll('-', '_').includes(`/${name}.ko`) ?? false
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
