import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { checkFilter } from '../kernel/packets/filter-column.ts'
import type { RotateOptions } from '../measure/capture/capture-file.ts'
import type { CaptureTarget } from '../measure/capture/captured-namespace.ts'
import type { CaptureRequest } from '../measure/capture/run-capture.ts'
import { knownSelectors, selectNamespace } from '../model/select.ts'
import type { HostSnapshot, Namespace } from '../model/snapshot.ts'
import { nameOf } from '../model/wiring.ts'
import { readDecimal } from './measure.ts'
import { readNumber } from './option-values.ts'

type Options = Context['options']

/** What ends the capture, and what it is of. @throws TsnetError `usage` */
export function captureRequest({ options, positionals }: Context): Omit<CaptureRequest, 'targets' | 'signal'> {
  const filter = positionals.join(' ').trim()
  if (filter !== '') checkFilter(filter)
  return {
    interfaces: options.list('interface'),
    ...(filter === '' ? {} : { filter }),
    ...given('snaplen', readNumber(options, 'snaplen', { min: 14, max: 262_144 })),
    ...given('bufferBytes', readBytes(options, 'buffer')),
    ...given('count', readNumber(options, 'count', { min: 1, max: 1e15 - 1 })),
    ...given('durationMs', milliseconds(options, 'duration')),
  }
}

/** @throws TsnetError `usage` */
export function rotateOptions(options: Options): RotateOptions | undefined {
  const rotate = {
    ...given('bytes', readBytes(options, 'rotate-size')),
    ...given('ms', milliseconds(options, 'rotate-time')),
    ...given('files', readNumber(options, 'files', { min: 1, max: 99_999 })),
  }
  if (rotate.bytes === undefined && rotate.ms === undefined) {
    if (rotate.files !== undefined) {
      throw new TsnetError('usage', '--files: needs --rotate-size or --rotate-time, which begin the next file')
    }
    return undefined
  }
  if (options.text('write') === undefined || options.text('write') === '-') {
    throw new TsnetError('usage', '--rotate-size and --rotate-time: need a file, -w FILE')
  }
  return rotate
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value }
}

const LONGEST_S = 86_400 * 365

function milliseconds(options: Options, name: string): number | undefined {
  const seconds = readDecimal(options, name, { min: 0.01, max: LONGEST_S })
  return seconds === undefined ? undefined : seconds * 1_000
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** `500K`, `10M`, `1G`: bytes, in powers of 1024. @throws TsnetError `usage` */
export function readBytes(options: Options, name: string): number | undefined {
  const text = options.text(name)
  if (text === undefined) return undefined
  const [, number = '', unit = ''] = /^(\d{1,12})([kmgt]?)$/i.exec(text) ?? []
  const bytes = Number(number) * (UNITS[unit.toLowerCase()] ?? 0)
  if (bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER) return bytes
  throw new TsnetError('usage', `--${name} ${text}: want bytes, for example 500K or 10M`)
}

/**
 * The namespaces that selectors mean; `*` stands for anything, so that one selector may mean many. None = all.
 *
 * @throws TsnetError `usage`
 */
export function capturedNamespaces(
  snapshot: HostSnapshot,
  selectors: readonly string[],
  resolver: Parameters<typeof selectNamespace>[2],
): readonly Namespace[] {
  if (selectors.length === 0) return snapshot.namespaces.filter(({ inode }) => inode >= 0)
  const chosen = new Set(selectors.flatMap((selector) => matching(snapshot, selector, resolver)))
  return snapshot.namespaces.filter((namespace) => chosen.has(namespace))
}

function matching(
  snapshot: HostSnapshot,
  selector: string,
  resolver: Parameters<typeof selectNamespace>[2],
): readonly Namespace[] {
  if (!selector.includes('*')) return [selectNamespace(snapshot, selector, resolver)]
  const escaped = selector.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const pattern = new RegExp(`^${escaped.join('.*')}$`)
  const found = snapshot.namespaces.filter((namespace) =>
    knownSelectors({ ...snapshot, namespaces: [namespace] }).some((known) => pattern.test(known)),
  )
  if (found.length > 0) return found
  throw new TsnetError('usage', `select ${selector}: no such namespace`, { hint: 'tsnet-shoot ns lists them' })
}

/** Those that have the same name are told apart by their inode. */
export function captureTargets(namespaces: readonly Namespace[]): CaptureTarget[] {
  const names = namespaces.map(nameOf)
  return namespaces.map(({ inode }, position) => {
    const name = names[position] ?? ''
    return { inode, name: names.indexOf(name) === names.lastIndexOf(name) ? name : `${name}@${inode}` }
  })
}
