import { readdirSync, readFileSync } from 'node:fs'
import { readHost } from '../../../src/inspect/read-host.ts'
import { KINDS, type Kind } from '../../../src/model/snapshot.ts'

/**
 * Run by node --expose-gc inside the world: COUNT snapshots in a row, in this one process. Prints, as JSON, what
 * the test judges: open descriptors and resident memory after each, everything hidden, and how many of the namespaces
 * named by PREFIX were seen with their links.
 */
export interface ChurnReport {
  readonly descriptors: readonly number[]
  readonly residentBytes: readonly number[]
  readonly hidden: readonly string[]
  /** Stable namespaces seen whole, in each snapshot. */
  readonly stable: readonly number[]
  readonly namespaces: readonly number[]
}

/** Of so many snapshots, one is of every kind. */
const EVERY = 20
const WIRING: readonly Kind[] = ['links', 'addrs', 'routes', 'rules', 'neigh', 'fdb', 'firewall']

const [, , count = '0', prefix = ''] = process.argv
const descriptors: number[] = []
const residentBytes: number[] = []
const stable: number[] = []
const namespaces: number[] = []
const hidden = new Set<string>()
for (let number = 0; number < Number(count); number++) {
  const { snapshot } = await readHost({ kinds: number % EVERY === 0 ? KINDS : WIRING })
  for (const { subject, reason } of snapshot.hidden) hidden.add(`${subject}: ${reason}`)
  const whole = snapshot.namespaces.filter(
    ({ names, links, addresses }) =>
      names.some((name) => name.startsWith(prefix)) && links.length >= 2 && addresses.length > 0,
  )
  stable.push(whole.length)
  namespaces.push(snapshot.namespaces.length)
  globalThis.gc?.()
  descriptors.push(readdirSync('/proc/self/fd').length)
  residentBytes.push(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024)
}
const report: ChurnReport = { descriptors, residentBytes, hidden: [...hidden], stable, namespaces }
process.stdout.write(JSON.stringify(report))
