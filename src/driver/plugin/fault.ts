import { TsnetError } from '../../errors.ts'

/** How a plugin that is made sick on purpose answers, to test an engine against. */
export type Fault =
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'error'; readonly text: string }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Bytes that are no JSON, with status 200. */
  | { readonly kind: 'garbage' }

/** Method (`NetworkDriver.Join`, or `*` for those without one of their own) → its fault. */
export type Faults = ReadonlyMap<string, Fault>

const EVERY_METHOD = '*'
const MAX_DELAY_MS = 3_600_000

/**
 * Reads `METHOD=delay:MS`, `METHOD=error:TEXT`, `METHOD=hang` and `METHOD=garbage`.
 *
 * @param methods that there are
 * @throws TsnetError `usage`
 */
export function parseFaults(texts: readonly string[], methods: readonly string[]): Faults {
  return new Map(
    texts.map((text): [string, Fault] => {
      const [, method = '', what = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? []
      if (method !== EVERY_METHOD && !methods.includes(method)) {
        throw new TsnetError('usage', `fault ${text}: there is no method ${JSON.stringify(method)}`, {
          hint: `methods: * ${methods.join(' ')}`,
        })
      }
      return [method, parseFault(text, what)]
    }),
  )
}

export function faultOf(faults: Faults, method: string): Fault | undefined {
  return faults.get(method) ?? faults.get(EVERY_METHOD)
}

function parseFault(whole: string, text: string): Fault {
  const [, kind = '', detail] = /^([a-z]*)(?::(.*))?$/s.exec(text) ?? []
  if (detail === undefined && (kind === 'hang' || kind === 'garbage')) return { kind }
  if (kind === 'error' && detail !== undefined && detail !== '') return { kind, text: detail }
  if (kind === 'delay' && /^\d{1,7}$/.test(detail ?? '') && Number(detail) <= MAX_DELAY_MS) {
    return { kind, delayMs: Number(detail) }
  }
  throw new TsnetError('usage', `fault ${whole}: what shall go wrong?`, {
    hint: 'METHOD=delay:MS, METHOD=error:TEXT, METHOD=hang or METHOD=garbage',
  })
}
