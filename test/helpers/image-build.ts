import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { DockerEngine } from './docker-engine.ts'
import { openWayOut, PROXY } from './way-out.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REACH_MS = 10_000

/** While the test is written: an image `ts-shoot` that `docker save` wrote, instead of one that is built. */
const { TSNET_TEST_IMAGE: SAVED = '' } = process.env

/** Why the image cannot be built on this machine; undefined when it can. */
export async function lackForBuild(): Promise<string | undefined> {
  if (SAVED !== '') return undefined
  const program = await run('debootstrap', ['--version']).catch(() => undefined)
  if (program === undefined) return 'debootstrap is not installed'
  for (const url of ['http://deb.debian.org/debian/dists/bookworm/InRelease', 'https://registry.npmjs.org/koffi']) {
    const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(REACH_MS) }).catch(() => undefined)
    if (answer?.ok !== true) return `${new URL(url).hostname} is not reachable`
  }
  return undefined
}

/**
 * The target minimal of the Dockerfile, built by this engine from a Debian that debootstrap makes and the Node of this
 * machine, which stand in for the two images of a registry. Gives its name.
 */
export async function buildImage(engine: DockerEngine, folder: string): Promise<string> {
  if (SAVED !== '') {
    await engine.docker('load', '--input', SAVED)
    return 'ts-shoot'
  }
  const debian = join(folder, 'debian')
  // what it starts and mounts dies with it
  const debootstrap = ['--variant=minbase', 'bookworm', debian]
  await run('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'debootstrap', ...debootstrap])
  await run('tar', ['--create', '--file', `${debian}.tar`, '--directory', debian, '--exclude=./var/cache/apt', '.'])
  rmSync(debian, { recursive: true })
  await engine.docker('import', `${debian}.tar`, 'ts-debian')
  const way = await openWayOut(`/proc/${engine.pid}/ns/net`, folder)
  try {
    await build(engine, nodeContext(folder), ['--tag', 'ts-node'])
    const bases = ['--build-arg', 'DEBIAN=ts-debian', '--build-arg', 'NODE=ts-node']
    await build(engine, ROOT, ['--target', 'minimal', '--tag', 'ts-shoot', ...bases])
  } finally {
    await way.close()
  }
  return 'ts-shoot'
}

function build(engine: DockerEngine, context: string, options: readonly string[]): Promise<string> {
  const proxies = ['http_proxy', 'https_proxy'].flatMap((name) => ['--build-arg', `${name}=${PROXY}`])
  return engine.docker('build', '--quiet', '--network', 'host', ...proxies, ...options, context)
}

/** Of an image with the Node and the npm that run here, and the certificates that they trust besides their own. */
function nodeContext(folder: string): string {
  const context = join(folder, 'node')
  mkdirSync(context)
  copyFileSync(process.execPath, join(context, 'node'))
  cpSync(npmFolder(), join(context, 'npm'), { recursive: true })
  const { NODE_EXTRA_CA_CERTS = '' } = process.env
  if (existsSync(NODE_EXTRA_CA_CERTS)) copyFileSync(NODE_EXTRA_CA_CERTS, join(context, 'ca.crt'))
  else writeFileSync(join(context, 'ca.crt'), '')
  const lines = [
    'FROM ts-debian',
    'COPY node /usr/local/bin/node',
    'COPY npm /usr/local/lib/node_modules/npm',
    'COPY ca.crt /etc/build-ca.crt',
    'ENV NODE_EXTRA_CA_CERTS=/etc/build-ca.crt',
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
  ]
  writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`)
  return context
}

function npmFolder(): string {
  const bin = dirname(process.execPath)
  for (const path of [join(bin, '../lib/node_modules/npm'), '/usr/share/nodejs/npm', '/usr/lib/node_modules/npm']) {
    if (existsSync(join(path, 'bin/npm-cli.js'))) return realpathSync(path)
  }
  throw new Error('npm is not where Node is')
}
