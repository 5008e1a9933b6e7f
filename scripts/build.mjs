import { readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { blessedInOneScript } from './blessed.mjs'
import { browserSources } from './browser-sources.mjs'
import { runChild } from './child.mjs'
import { compiledSchemas } from './compiled-schemas.mjs'
import { licenceTexts } from './licences.mjs'
import { isUpToDate, writeStamp } from './stamp.mjs'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROGRAM = 'tsnet-shoot.js'
const WARM_UP_MS = 30_000
const DIST = join(ROOT, 'dist')
const STAMP = join(ROOT, '.cache/build.json')

/** What the bundle depends on besides the modules in it. */
const CONFIGURATION = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'scripts/blessed.mjs',
  'scripts/browser-sources.mjs',
  'scripts/build.mjs',
  'scripts/compiled-schemas.mjs',
  'scripts/keep-compiled.mjs',
]

const COMMON = /** @type {const} @satisfies {import('esbuild').BuildOptions} */ ({
  bundle: true,
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  external: ['koffi'],
  define: {
    'process.env.NODE_ENV': '"production"',
    TSNET_VERSION: JSON.stringify(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version),
  },
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  absWorkingDir: ROOT,
})

/**
 * One script without import() or import.meta, so that V8 can keep the compiled code of it (src/load-program.mjs).
 * @satisfies {import('esbuild').BuildOptions}
 */
const ONE_SCRIPT = {
  entryPoints: ['src/main.ts'],
  define: { ...COMMON.define, 'import.meta.url': '$url' },
  format: /** @type {const} */ ('cjs'),
  charset: /** @type {const} */ ('ascii'),
  supported: { 'dynamic-import': false },
  alias: { 'string-width': './src/tui/screen/string-width.ts' },
  plugins: [
    {
      name: 'without top-level await',
      /** @param {import('esbuild').PluginBuild} build */
      setup: (build) => {
        build.onResolve({ filter: /^yoga-layout$/ }, () => ({ path: join(ROOT, 'src/tui/screen/yoga.ts') }))
        build.onLoad({ filter: /ink\/build\/reconciler\.js$/ }, async ({ path }) => ({
          contents: withoutDevtools(await readFile(path, 'utf8')),
        }))
      },
    },
  ],
}

/** Of the small commands nothing leads there: src/load-program.mjs chooses the script. */
const NOT_SMALL =
  /\/(?:tui\/main\.tsx|(?:attach|check|lab|driver|doctor|path|trace|matrix|report|dash|diff|complete|iperf|ping|mtu|dns|http)\.ts)$/
const WITHOUT_THE_REST = {
  name: 'without the rest',
  /** @param {import('esbuild').PluginBuild} build */
  setup: (build) => {
    build.onResolve({ filter: NOT_SMALL }, ({ path, importer, kind }) =>
      kind === 'dynamic-import' && /\/commands\/(?:table|default)\.ts$|\/src\/main\.ts$/.test(importer)
        ? { path, namespace: 'left-out' }
        : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
      contents: `throw new Error('${path} is not among the small commands')`,
    }))
  },
}

/** What Ink awaits while it loads is for its own development. @param {string} text of its reconciler.js */
function withoutDevtools(text) {
  return ["await import('./devtools.js');", 'await loadPackageJson()'].reduce((rest, part) => {
    if (!rest.includes(part)) throw new Error(`ink/build/reconciler.js: ${part} is not there`)
    return rest.replace(part, 'undefined')
  }, text)
}

/**
 * Bundles the command line into `outdir`: `tsnet-shoot.js` (executable) that runs `program.cjs` or `small.cjs`, the
 * compiled code of these, and the worker of netlink-ts, which is a file of its own because a Worker takes a URL.
 * @param {string} outdir
 * @returns {Promise<string[]>} every file that went into it, relative to the root
 */
export async function bundle(outdir) {
  const { build } = await import('esbuild')
  /** @type {Set<string>} */
  const inputs = new Set()
  const plugins = [
    compiledSchemas((path) => inputs.add(path)),
    browserSources((path) => inputs.add(path)),
    blessedInOneScript(),
    ...ONE_SCRIPT.plugins,
  ]
  const results = await Promise.all([
    build({ ...COMMON, ...ONE_SCRIPT, plugins, outfile: join(outdir, 'program.cjs') }),
    build({
      ...COMMON,
      ...ONE_SCRIPT,
      plugins: [WITHOUT_THE_REST, ...plugins],
      outfile: join(outdir, 'small.cjs'),
    }),
    build({ ...COMMON, format: 'esm', entryPoints: ['src/launcher.mjs'], outfile: join(outdir, PROGRAM) }),
    build({
      ...COMMON,
      format: 'esm',
      entryPoints: ['packages/netlink-ts/src/event-worker.mjs'],
      outfile: join(outdir, 'event-worker.mjs'),
      banner: {
        js: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);",
      },
    }),
  ])
  await makeExecutable(join(outdir, PROGRAM))
  for (const { metafile } of results) for (const path of Object.keys(metafile.inputs)) inputs.add(path)
  await writeFile(join(outdir, 'THIRD-PARTY-LICENCES.txt'), await licenceTexts(ROOT, [...inputs]))
  for (const use of ['small', 'other', 'screen']) await keepCompiled(outdir, use)
  return [...inputs]
}

/** In a process of its own, for what it runs may not fit into another's terminal. @param {string} outdir @param {string} use */
async function keepCompiled(outdir, use) {
  const keeper = join(ROOT, 'scripts/keep-compiled.mjs')
  const { status, output } = await runChild(process.execPath, [keeper, outdir, use], {
    cwd: ROOT,
    timeoutMs: WARM_UP_MS,
    keepOutput: true,
  })
  if (status !== 0) process.stderr.write(`tsnet-shoot: ${use} starts slower than it could: ${output}\n`)
}

/** Bundles the command line into dist/ unless nothing changed. The new files are complete before the old ones go. */
export async function build() {
  if (await isUpToDate(STAMP, ROOT)) return
  const fresh = join(ROOT, '.cache', `dist-${process.pid}`)
  await mkdir(fresh, { recursive: true })
  try {
    const inputs = await bundle(fresh)
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
