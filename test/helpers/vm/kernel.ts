import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A Debian kernel with its modules (package linux-image-amd64). */
export interface Kernel {
  readonly version: string
  readonly image: string
  /** `/lib/modules/VERSION`. */
  readonly modules: string
}

/** The newest kernel that is installed with its modules. */
export function installedKernel(): Kernel {
  const kernels = readdirSync('/boot')
    .flatMap((name) => /^vmlinuz-(.+)$/.exec(name)?.[1] ?? [])
    .map((version) => ({ version, image: `/boot/vmlinuz-${version}`, modules: `/lib/modules/${version}` }))
    .filter(({ modules }) => existsSync(join(modules, 'modules.dep')))
    .sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }))
  const newest = kernels.at(-1)
  if (newest === undefined) throw new Error('no kernel in /boot with modules: install linux-image-amd64')
  return newest
}

/** The files of modules, in the order given; those built into the kernel are left out. */
export function moduleFiles(kernel: Kernel, names: readonly string[]): string[] {
  const paths = readFileSync(join(kernel.modules, 'modules.dep'), 'utf8')
    .split('\n')
    .map((line) => line.slice(0, line.indexOf(':')))
  const byName = new Map(paths.map((path) => [moduleName(path), join(kernel.modules, path)]))
  return names.flatMap((name) => byName.get(name) ?? [])
}

function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')
}
