import { sanitise } from '../sanitise.ts'

const MARKUP = /[<>&"'`]/g

/**
 * Text from outside as text or as a quoted attribute of HTML or SVG: sanitised, and nothing of it is markup. Every name
 * in a page or a picture goes through here.
 */
export function escapeHtml(text: string): string {
  return sanitise(text).replaceAll(MARKUP, (character) => `&#${character.charCodeAt(0)};`)
}

/** JSON for a `script` element of type application/json: the same value, without what could end the element. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
