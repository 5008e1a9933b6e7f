import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'

/** How packets are told on stdout: for people, as decoded, or in columns with their bytes. */
export type PacketLines = 'text' | 'json' | 'records'

/** @throws TsnetError `usage` */
export function linesOf(options: Context['options']): PacketLines | undefined {
  if (options.has('bytes') && !options.has('json')) {
    throw new TsnetError('usage', '--bytes: is for lines of JSON', { hint: 'add --json' })
  }
  if (options.has('json')) return options.has('bytes') ? 'records' : 'json'
  return options.has('decode') ? 'text' : undefined
}
