import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `mkrootfs.mjs FOLDER`: makes FOLDER what `docker plugin create NAME FOLDER` wants, a config.json and a rootfs. The
 * files come from this machine, which must be of the distribution's release and architecture that the engine may run:
 * this Node, the packet filter's tools with the libraries that they load, and dist/.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Called by the drivers through PATH, and by entrypoint.sh. */
const TOOLS = [
  '/bin/sh',
  '/bin/mount',
  '/usr/sbin/iptables',
  '/usr/sbin/iptables-restore',
  '/usr/sbin/iptables-save',
  '/usr/sbin/ip6tables',
  '/usr/sbin/ip6tables-restore',
  '/usr/sbin/ip6tables-save',
  '/usr/sbin/nft',
  '/usr/bin/nsenter',
]
/** Names of protocols in rules come from here. */
const FILES = ['/etc/protocols', '/etc/ethertypes']
const APPLICATION = '/opt/tsnet-shoot'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: node plugin/mkrootfs.mjs FOLDER\n')
  process.exit(2)
}
makePlugin(resolve(folder))

/** @param {string} out */
function makePlugin(out) {
  const rootfs = join(out, 'rootfs')
  rmSync(rootfs, { recursive: true, force: true })
  for (const part of ['proc', 'sys', 'dev', 'etc', 'tmp', 'run/docker/plugins', 'var/lib/tsnet-shoot', 'usr/bin']) {
    mkdirSync(join(rootfs, part), { recursive: true })
  }
  copyFileSync(process.execPath, join(rootfs, 'usr/bin/node'))
  copyLibraries(process.execPath, rootfs)
  for (const tool of TOOLS) copyTool(tool, rootfs)
  for (const library of extensions()) copyTool(library, rootfs)
  for (const file of FILES.filter((path) => existsSync(path))) copyFile(file, rootfs)
  copyApplication(join(rootfs, APPLICATION))
  copyFileSync(join(ROOT, 'plugin/entrypoint.sh'), join(rootfs, 'entrypoint.sh'))
  copyFileSync(join(ROOT, 'plugin/config.json'), join(out, 'config.json'))
}

/** A program or library with all that it is linked with. @param {string} path @param {string} rootfs */
function copyTool(path, rootfs) {
  if (!existsSync(path)) throw new Error(`${path}: not installed`)
  copyLibraries(copyFile(path, rootfs), rootfs)
}

/**
 * A file, and the links that lead to it.
 * @param {string} path @param {string} rootfs @returns {string} the file that it is in the end
 */
function copyFile(path, rootfs) {
  const target = join(rootfs, path)
  mkdirSync(dirname(target), { recursive: true })
  if (!lstatSync(path).isSymbolicLink()) {
    if (!existsSync(target)) copyFileSync(path, target)
    return path
  }
  const link = readlinkSync(path)
  if (!isThere(target)) symlinkSync(link, target)
  return copyFile(resolve(dirname(path), link), rootfs)
}

/** @param {string} path @returns {boolean} also for a link that leads nowhere yet */
function isThere(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** @param {string} path @param {string} rootfs */
function copyLibraries(path, rootfs) {
  const listed = execFileSync('ldd', [path], { encoding: 'utf8' })
  for (const [, library] of listed.matchAll(/(?:=> |^\s+)(\/\S+)/gm))
    if (library !== undefined) copyFile(library, rootfs)
}

/** Matches and targets of iptables are libraries that it loads by name. */
function extensions() {
  const folders = readdirSync('/usr/lib').map((name) => join('/usr/lib', name, 'xtables'))
  return folders.filter((path) => existsSync(path)).flatMap((path) => readdirSync(path).map((name) => join(path, name)))
}

/** @param {string} target */
function copyApplication(target) {
  const source = join(ROOT, 'dist')
  if (!existsSync(join(source, 'tsnet-shoot.js'))) throw new Error('dist/ is empty: npm run build')
  cpSync(source, join(target, 'dist'), { recursive: true })
  for (const name of ['koffi', '@koromix']) {
    cpSync(join(ROOT, 'node_modules', name), join(target, 'node_modules', name), { recursive: true })
  }
  const { name, version, type } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  writeFileSync(join(target, 'package.json'), `${JSON.stringify({ name, version, type })}\n`)
}
