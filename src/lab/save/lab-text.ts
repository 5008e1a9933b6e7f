import { stringify } from 'yaml'
import type { LabFile } from '../file/lab-file.ts'

/** A lab file as text: readable by people, and by `lab up`. */
export function labText(file: LabFile, leftOut: readonly string[]): string {
  const notes = leftOut.map((text) => `# not in it: ${text.replaceAll(/[^\x20-\x7e]/g, '?')}\n`).join('')
  return `${notes}${stringify(file, { lineWidth: 0, defaultStringType: 'PLAIN', defaultKeyType: 'PLAIN' })}`
}
