import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isUpToDate, writeStamp } from './stamp.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LIBRARY = join(ROOT, 'packages/netlink-ts')
const SOURCE = join(LIBRARY, 'src')
const DIST = join(LIBRARY, 'dist')
const STAMP = join(ROOT, '.cache/build-library.json')

/**
 * Compiles packages/netlink-ts for publication: one JavaScript file and one declaration a source file,
 * with its plain-JavaScript worker beside them.
 */
export async function buildLibrary() {
  const files = await sourceFiles()
  if ((await isUpToDate(STAMP, ROOT)) && (await newest(files)) <= (await stat(STAMP)).mtimeMs) return
  await rm(DIST, { recursive: true, force: true })
  await mkdir(DIST, { recursive: true })
  compile()
  await nameJavaScript()
  for (const file of files.filter((path) => path.endsWith('.mjs'))) {
    await copyFile(join(SOURCE, file), join(DIST, file))
  }
  const inputs = files.map((file) => relative(ROOT, join(SOURCE, file)))
  const outputs = (await readdir(DIST)).map((file) => relative(ROOT, join(DIST, file)))
  await mkdir(join(ROOT, '.cache'), { recursive: true })
  await writeStamp(STAMP, ROOT, [...inputs, ...outputs, 'package-lock.json', 'scripts/build-library.mjs'])
}

async function sourceFiles() {
  const entries = await readdir(SOURCE, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(SOURCE, join(entry.parentPath ?? entry.path, entry.name)))
}

/** A file that is new is in no stamp yet: its modification time tells. @param {readonly string[]} files */
async function newest(files) {
  const stats = await Promise.all(files.map((file) => stat(join(SOURCE, file))))
  return Math.max(0, ...stats.map(({ mtimeMs }) => mtimeMs))
}

function compile() {
  const options = ['--noEmit', 'false', '--declaration', '--allowJs', 'false', '--checkJs', 'false']
  const paths = ['--rewriteRelativeImportExtensions', '--rootDir', SOURCE, '--outDir', DIST]
  const settings = [
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023',
    '--strict',
    '--skipLibCheck',
    '--types',
    'node',
  ]
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, ...options, ...paths, ...settings, join(SOURCE, 'index.ts')],
    { encoding: 'utf8', cwd: LIBRARY },
  )
  if (status !== 0) throw new Error(`netlink-ts: its declarations cannot be written\n${stdout}`)
}

/** The compiler leaves `./x.ts` in declarations; published, that file is `./x.js`. */
async function nameJavaScript() {
  const files = (await readdir(DIST, { recursive: true })).filter((file) => file.endsWith('.d.ts'))
  for (const file of files) {
    const text = await readFile(join(DIST, file), 'utf8')
    await writeFile(join(DIST, file), text.replace(/((?:from |import\()['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildLibrary()
