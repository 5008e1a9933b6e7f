import type { HostSnapshot } from '../model/snapshot.ts'
import { sanitise } from './sanitise.ts'

/** `vm  6.18.44  23 namespaces · 4 bridges · 11 containers`. */
export function formatOverviewTitle({ hostname, kernel, namespaces, containers }: HostSnapshot): string {
  const bridges = namespaces.flatMap(({ links }) => links.filter(({ kind }) => kind === 'bridge')).length
  const counts = [
    counted(namespaces.length, 'namespace'),
    counted(bridges, 'bridge'),
    counted(containers.length, 'container'),
  ]
  return `${sanitise(hostname)}  ${sanitise(kernel)}  ${counts.join(' · ')}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
