import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { parseDestination, resolveDestination, selectSpace } from '../flow/names.ts'
import { type Space, World } from '../flow/world.ts'
import { type MeasuredNamespace, openNamespace } from '../measure/measured-namespace.ts'
import type { Kind } from '../model/snapshot.ts'
import { readFacts } from './facts.ts'
import { Options } from './options.ts'

/** Names and addresses of all namespaces, so that who measures whom can be told by name. */
export async function measuredWorld(
  { options }: Pick<Context, 'options'>,
  kinds: readonly Kind[] = ['links', 'addrs'],
): Promise<World> {
  const others = new Options(new Map([['docker-socket', options.list('docker-socket')]]))
  const { snapshot, connections } = await readFacts({ options: others }, { kinds })
  return new World({ snapshots: [snapshot], connections: [connections] })
}

/** What measures from a namespace, and its facts. */
export interface MeasuredSpace {
  readonly space: Space
  readonly namespace: MeasuredNamespace
}

/** The namespace that a selector means, held open. @throws TsnetError `usage`, `vanished`, `privilege` */
export function openSpace(world: World, selector: string): MeasuredSpace {
  const space = selectSpace(world, selector)
  const { inode } = space.namespace
  if (inode < 0) throw new TsnetError('usage', `${selector}: only its links are visible from here, nothing runs in it`)
  return { space, namespace: openNamespace({ inode, name: space.name }) }
}

export interface Target {
  readonly address: string
  readonly port?: number
  /** As it was written. */
  readonly name: string
}

/**
 * An address that a namespace, a container, a name that its resolver knows, or an address means.
 * @throws TsnetError `usage` when it means none
 */
export function targetOf(world: World, source: Space, text: string, options: Context['options']): Target {
  const { host, port } = parseDestination(text)
  const family = options.has('ipv6') ? 6 : options.has('ipv4') ? 4 : undefined
  const { address } = resolveDestination(world, source, host, family)
  return { address: address.text, name: host, ...(port === undefined ? {} : { port }) }
}

/**
 * Runs with a signal that ctrl-C, or being told to end, aborts; a second one ends the program. So does the end of the
 * program that started this one, where it keeps a channel to it.
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const each of signals) process.once(each, abort)
  process.on('disconnect', abort)
  if (process.connected === false) abort()
  try {
    return await action(controller.signal)
  } finally {
    for (const each of signals) process.off(each, abort)
    process.off('disconnect', abort)
  }
}

/** Of a program that was interrupted, as a shell has it. */
export const INTERRUPTED_STATUS = 130
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

/** `2G`, `500M`, `1.5g`: bit/s, in powers of 1000. @throws TsnetError `usage` */
export function readRate(options: Context['options'], name: string): number | undefined {
  const text = options.text(name)
  if (text === undefined) return undefined
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?)([kmgt]?)$/i.exec(text) ?? []
  const factor = UNITS[unit.toLowerCase()]
  if (number === '' || factor === undefined) {
    throw new TsnetError('usage', `--${name} ${text}: want a rate, for example 500M or 2G`)
  }
  return Number(number) * factor
}

/** A number with a fraction. @throws TsnetError `usage` */
export function readDecimal(
  options: Context['options'],
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = options.text(name)
  if (text === undefined) return undefined
  const number = /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new TsnetError('usage', `--${name} ${text}: a number from ${min} to ${max} is expected`)
}
