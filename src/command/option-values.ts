import { TsnetError } from '../errors.ts'
import type { Options } from './options.ts'

/**
 * A whole number that a person gave; undefined when there is none.
 *
 * @throws TsnetError `usage`
 */
export function readNumber(
  options: Options,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = options.text(name)
  if (text === undefined) return undefined
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new TsnetError('usage', `--${name} ${text}: a whole number from ${min} to ${max} is expected`)
}

/**
 * One of several words; undefined when there is none.
 *
 * @throws TsnetError `usage`
 */
export function readChoice<const T extends string>(
  options: Options,
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = options.text(name)
  const chosen = choices.find((choice) => choice === text)
  if (text === undefined || chosen !== undefined) return chosen
  throw new TsnetError('usage', `--${name} ${text}: there is only ${choices.join(', ')}`)
}

/**
 * `KEY=VALUE` as often as it was given.
 *
 * @throws TsnetError `usage`
 */
export function readPairs(options: Options, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    options.list(name).map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
      throw new TsnetError('usage', `--${name} ${text}: KEY=VALUE is expected`)
    }),
  )
}
