import { readFileSync } from 'node:fs'
import type { SoftnetUse } from '../model/snapshot.ts'

/**
 * What the CPUs took from their devices since boot, summed up; the same in every namespace. Undefined where there is no
 * such file. Columns: softnet_seq_show() of net/core/net-procfs.c.
 */
export function readSoftnet(): SoftnetUse | undefined {
  try {
    return parseSoftnet(readFileSync('/proc/net/softnet_stat', 'utf8'))
  } catch {
    return undefined // a kernel or a container without it
  }
}

/** A line a CPU, hexadecimal numbers: packets, dropped, squeezed, and others that come and go with versions. */
export function parseSoftnet(text: string): SoftnetUse {
  const cpus = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ').map((word) => Number.parseInt(word, 16)))
  const sum = (column: number) => cpus.reduce((total, cpu) => total + (cpu[column] ?? 0), 0)
  return { processed: sum(0), dropped: sum(1), squeezed: sum(2) }
}
