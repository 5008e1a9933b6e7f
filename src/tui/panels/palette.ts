import type { Tone } from '../text.ts'

/** SGR parameters (ECMA-48 §8.3.117) of each tone; none for plain text. */
export type Palette = Readonly<Record<Tone, string>>

/** Colours of the terminal's own sixteen, so that they suit its background. Marks and words say the same. */
const COLOURS: Palette = {
  plain: '',
  faint: '90',
  strong: '1',
  good: '32',
  warning: '33',
  error: '1;31',
  accent: '36',
  changed: '1;35',
  heading: '1;36',
}

/** NO_COLOR (no-color.org): weight only. */
const WEIGHTS: Palette = {
  plain: '',
  faint: '',
  strong: '1',
  good: '',
  warning: '',
  error: '1',
  accent: '',
  changed: '1',
  heading: '1',
}

export function paletteOf(environment: Readonly<Record<string, string | undefined>>): Palette {
  const { NO_COLOR } = environment
  return NO_COLOR !== undefined && NO_COLOR !== '' ? WEIGHTS : COLOURS
}
