import { stripVTControlCharacters } from 'node:util'
import { displayWidth } from '../../report/sanitise.ts'

/**
 * Takes the place of the package `string-width` in the bundle (scripts/build.mjs): Ink then measures as we do, and
 * without Intl's segmenter, whose start takes longer than the whole of Node.
 */
export function stringWidth(text: string): number {
  return displayWidth(text.includes('\x1b') ? stripVTControlCharacters(text) : text)
}

// biome-ignore lint/style/noDefaultExport: the package that it stands for has one
export default stringWidth
