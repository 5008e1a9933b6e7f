import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { build as buildProgram } from '../../scripts/build.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The built command line, fresh: path of the file that `node` runs. */
export async function builtProgram(): Promise<string> {
  await buildProgram()
  return join(ROOT, 'dist/tsnet-shoot.js')
}

/** Bundles a TypeScript program of the tests, to be run by `node` inside a world. Returns its path. */
export async function bundleProgram(entry: string): Promise<string> {
  const folder = join(ROOT, '.cache/test-programs')
  await mkdir(folder, { recursive: true })
  const outfile = join(folder, `${basename(entry, '.ts')}-${process.pid}.mjs`)
  await build({
    entryPoints: [join(ROOT, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['source'],
    external: ['koffi'],
    logLevel: 'warning',
    banner: { js: "import{createRequire as $c}from'node:module';const require=$c(import.meta.url);" },
  })
  return outfile
}
