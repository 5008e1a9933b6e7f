import { readFileSync } from 'node:fs'

/** Family of a legacy back end, and the save tool that lists it. */
export interface LegacyFamily {
  readonly family: 'ip' | 'ip6' | 'arp'
  readonly command: string
  readonly package: string
}

/** Files that list the registered tables of a namespace, one a line (net/netfilter/x_tables.c). */
const FAMILIES: readonly (LegacyFamily & { readonly file: string })[] = [
  { family: 'ip', command: 'iptables-legacy-save', package: 'iptables', file: 'ip_tables_names' },
  { family: 'ip6', command: 'ip6tables-legacy-save', package: 'iptables', file: 'ip6_tables_names' },
  { family: 'arp', command: 'arptables-legacy-save', package: 'arptables', file: 'arp_tables_names' },
]

/**
 * Families that have at least one legacy table in the namespace this thread is in.
 *
 * Only reads: opening the file registers no table and loads no module, whereas any other use of
 * iptables-legacy in a namespace registers its tables there and thereby changes it. Synchronous, so that it
 * can be called inside a namespace entered for the moment.
 *
 * @throws the error of node:fs when a file is there but may not be read
 */
export function legacyFamilies(): LegacyFamily[] {
  return FAMILIES.filter(({ file }) => tableNames(`/proc/thread-self/net/${file}`) !== '')
}

/** Empty when there is no table, or not even the module. */
function tableNames(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw cause
  }
}
