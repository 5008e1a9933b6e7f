import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles TypeScript programs of tests and benchmarks, each to be run by `node`.
 * @param {readonly string[]} entries relative to the root
 * @param {{ folder: string, suffix?: string }} where `.cache/FOLDER/NAMESUFFIX.mjs`; a suffix keeps two runs apart
 * @returns {Promise<string[]>} the path of each
 */
export async function bundleForNode(entries, { folder, suffix = '' }) {
  const { build } = await import('esbuild')
  const outdir = join(ROOT, '.cache', folder)
  await mkdir(outdir, { recursive: true })
  const names = entries.map((entry) => `${basename(entry, '.ts')}${suffix}`)
  await build({
    entryPoints: entries.map((entry, position) => ({ in: join(ROOT, entry), out: names[position] ?? '' })),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['source'],
    external: ['koffi'],
    logLevel: 'warning',
    banner: { js: "import{createRequire as $c}from'node:module';const require=$c(import.meta.url);" },
  })
  return names.map((name) => join(outdir, `${name}.mjs`))
}
