import { readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { licenceTexts } from './licences.mjs'
import { isUpToDate, writeStamp } from './stamp.mjs'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROGRAM = 'tsnet-shoot.js'
const DIST = join(ROOT, 'dist')
const STAMP = join(ROOT, '.cache/build.json')

/** What the bundle depends on besides the modules in it. */
const CONFIGURATION = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build.mjs']

/** Bundled CommonJS calls require(), which an ES module does not have. */
const BANNER = "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);"

/** @type {import('esbuild').BuildOptions & { metafile: true }} */
const COMMON = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['source'],
  external: ['koffi', 'react-devtools-core'],
  alias: { 'string-width': './src/tui/screen/string-width.ts' },
  define: {
    'process.env.NODE_ENV': '"production"',
    'process.env.DEV': '"false"',
    TSNET_VERSION: JSON.stringify(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version),
  },
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  absWorkingDir: ROOT,
}

/**
 * Bundles an entry file of the command line into `outdir`: `tsnet-shoot.js` (executable), the chunks
 * that lazy imports load, and the worker of netlink-ts, which is a file of its own because a Worker takes a URL.
 * @param {string} entry @param {string} outdir
 * @returns {Promise<string[]>} every file that went into it, relative to the root
 */
export async function bundle(entry, outdir) {
  const { build } = await import('esbuild')
  const cli = await build({
    ...COMMON,
    entryPoints: [{ in: entry, out: 'tsnet-shoot' }],
    outdir,
    splitting: true,
    chunkNames: '[name]-[hash]',
    banner: { js: BANNER },
  })
  const worker = await build({
    ...COMMON,
    entryPoints: ['packages/netlink-ts/src/event-worker.mjs'],
    outfile: join(outdir, 'event-worker.mjs'),
    banner: { js: BANNER },
  })
  await makeExecutable(join(outdir, PROGRAM))
  const inputs = [...new Set([cli, worker].flatMap((result) => Object.keys(result.metafile.inputs)))]
  await writeFile(join(outdir, 'THIRD-PARTY-LICENCES.txt'), await licenceTexts(ROOT, inputs))
  return inputs
}

/** Bundles the command line into dist/ unless nothing changed. The new files are complete before the old ones go. */
export async function build() {
  if (await isUpToDate(STAMP, ROOT)) return
  const fresh = join(ROOT, '.cache', `dist-${process.pid}`)
  await mkdir(fresh, { recursive: true })
  try {
    const inputs = await bundle('src/main.ts', fresh)
    const outputs = await replaceFiles(fresh, DIST)
    await writeStamp(STAMP, ROOT, [...inputs, ...CONFIGURATION, ...outputs])
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/** @param {string} program */
async function makeExecutable(program) {
  const text = await readFile(program, 'utf8')
  if (!text.startsWith('#!')) await writeFile(program, `#!/usr/bin/env node\n${text}`)
  await chmod(program, 0o755)
}

/** @param {string} from @param {string} to @returns {Promise<string[]>} the files in `to`, relative to the root */
async function replaceFiles(from, to) {
  await mkdir(to, { recursive: true })
  // the program comes last: whoever starts meanwhile finds every chunk that it names
  const fresh = (await readdir(from)).sort((a, b) => Number(a === PROGRAM) - Number(b === PROGRAM))
  for (const name of fresh) await rename(join(from, name), join(to, name))
  for (const name of await readdir(to)) {
    if (!fresh.includes(name)) await rm(join(to, name), { recursive: true })
  }
  return fresh.map((name) => relative(ROOT, join(to, name)))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
