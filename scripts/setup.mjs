import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installCommand, installPackages, isDebianRoot, missingPackages } from './debian.mjs'

/** Everything here runs before node_modules exists: imports of packages come after the installation. */
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NODE_MAJOR = 20
const CANNOT_RUN = 4

/**
 * Makes a fresh Debian machine ready, as root and without a question: Debian packages, npm packages, the build.
 * Where it may not install, it names what to install and ends with status 4.
 * @param {import('./debian.mjs').Purpose} purpose
 */
export async function setUp(purpose) {
  requireNode()
  await setUpDebian(purpose)
  setUpNpm()
  if (purpose === 'check') return
  const { build } = await import('./build.mjs')
  await build()
}

function requireNode() {
  const major = Number(process.versions.node.split('.')[0])
  if (major >= NODE_MAJOR) return
  giveUp(`Node.js ${NODE_MAJOR} or newer is needed, this is ${process.versions.node}`, [
    'install it from https://nodejs.org/en/download or with your package manager',
  ])
}

/** @param {import('./debian.mjs').Purpose} purpose */
async function setUpDebian(purpose) {
  const missing = missingPackages(purpose)
  if (missing.length === 0) return
  const what = `missing for npm ${purpose}: ${missing.join(' ')} (Debian package names)`
  if (!isDebianRoot()) giveUp(what, [`as root on Debian or Ubuntu: ${installCommand(missing)}`])
  say(`installing ${missing.join(' ')}`)
  try {
    installPackages(missing)
  } catch (error) {
    giveUp(`${what}; ${error instanceof Error ? error.message : error}`, [`try: ${installCommand(missing)}`])
  }
  const still = missingPackages(purpose)
  if (still.length > 0) giveUp(`installed, and yet missing: ${still.join(' ')}`, [])
}

function setUpNpm() {
  if (hasNpmPackages()) return
  say('installing npm packages')
  // Not `npm ci`: a lock file without registry addresses lacks other platforms' optional packages, which ci refuses.
  const npm = ['install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', npm, { cwd: ROOT, stdio: ['ignore', 2, 2] })
  if (status !== 0) giveUp('the npm packages cannot be installed', [`cd ${ROOT} && npm install`])
}

/** Whether node_modules holds what the lockfile asks for (packages for other platforms aside). */
function hasNpmPackages() {
  const installed = lockedVersions(join(ROOT, 'node_modules/.package-lock.json'))
  const wanted = Object.entries(lockedVersions(join(ROOT, 'package-lock.json')))
  return wanted.every(([path, { version, optional }]) => {
    if (installed[path] === undefined) return optional
    return installed[path].version === version && existsSync(join(ROOT, path))
  })
}

/** @param {string} file @returns {Record<string, { version: string, optional: boolean }>} */
function lockedVersions(file) {
  if (!existsSync(file)) return {}
  const { packages } = JSON.parse(readFileSync(file, 'utf8'))
  const locked = Object.entries(packages).filter(([path]) => path.includes('node_modules/'))
  return Object.fromEntries(
    locked.map(([path, entry]) => [path, { version: entry.version, optional: entry.optional === true }]),
  )
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`tsnet-shoot: ${line}\n`)
}

/** @param {string} problem @param {readonly string[]} advice @returns {never} */
function giveUp(problem, advice) {
  for (const line of [problem, ...advice]) say(line)
  process.exit(CANNOT_RUN)
}
