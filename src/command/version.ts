/** Of package.json, put here by scripts/build.mjs. */
declare const TSNET_VERSION: string

/** Of this program; nothing where it was not built. */
export function programVersion(): string {
  return typeof TSNET_VERSION === 'string' ? TSNET_VERSION : ''
}
