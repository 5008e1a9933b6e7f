import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isUpToDate, writeStamp } from './stamp.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LIBRARIES = ['netlink-ts', 'iperf3-parser']

/** Compiles the packages for publication. */
export async function buildLibraries() {
  for (const name of LIBRARIES) await buildLibrary(name)
}

/**
 * One package: one JavaScript file and one declaration a source file, with its plain-JavaScript workers beside them.
 * @param {string} name of its folder
 */
async function buildLibrary(name) {
  const library = join(ROOT, 'packages', name)
  const [source, dist] = [join(library, 'src'), join(library, 'dist')]
  const stamp = join(ROOT, `.cache/build-${name}.json`)
  const files = await sourceFiles(source)
  if ((await isUpToDate(stamp, ROOT)) && (await newest(source, files)) <= (await stat(stamp)).mtimeMs) return
  await rm(dist, { recursive: true, force: true })
  await mkdir(dist, { recursive: true })
  compile(name, library)
  await nameJavaScript(dist)
  for (const file of files.filter((path) => path.endsWith('.mjs'))) {
    await copyFile(join(source, file), join(dist, file))
  }
  const inputs = files.map((file) => relative(ROOT, join(source, file)))
  const outputs = (await readdir(dist)).map((file) => relative(ROOT, join(dist, file)))
  await mkdir(join(ROOT, '.cache'), { recursive: true })
  await writeStamp(stamp, ROOT, [...inputs, ...outputs, 'package-lock.json', 'scripts/build-library.mjs'])
}

/** @param {string} source */
async function sourceFiles(source) {
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(source, join(entry.parentPath ?? entry.path, entry.name)))
}

/**
 * A file that is new is in no stamp yet: its modification time tells.
 * @param {string} source
 * @param {readonly string[]} files
 */
async function newest(source, files) {
  const stats = await Promise.all(files.map((file) => stat(join(source, file))))
  return Math.max(0, ...stats.map(({ mtimeMs }) => mtimeMs))
}

/** @param {string} name @param {string} library */
function compile(name, library) {
  const source = join(library, 'src')
  const options = ['--noEmit', 'false', '--declaration', '--allowJs', 'false', '--checkJs', 'false']
  const paths = ['--rewriteRelativeImportExtensions', '--rootDir', source, '--outDir', join(library, 'dist')]
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
    [compiler, ...options, ...paths, ...settings, join(source, 'index.ts')],
    { encoding: 'utf8', cwd: library },
  )
  if (status !== 0) throw new Error(`${name}: its declarations cannot be written\n${stdout}`)
}

/** The compiler leaves `./x.ts` in declarations; published, that file is `./x.js`. @param {string} dist */
async function nameJavaScript(dist) {
  const files = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.d.ts'))
  for (const file of files) {
    const text = await readFile(join(dist, file), 'utf8')
    await writeFile(join(dist, file), text.replace(/((?:from |import\()['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildLibraries()
