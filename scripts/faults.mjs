import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setUp } from './setup.mjs'

/**
 * `npm run faults [-- LAB|FAULT… --everywhere --json]`: the scoreboard of the doctor. Bundles bench/faults/main.ts and
 * runs it as the first process of private network, mount and process namespaces: nothing of this machine is seen.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CANNOT_RUN = 4

/** A /run, /tmp and /sys of its own, then the scoreboard in the place of the shell. */
const FIRST_PROCESS = [
  'set -e',
  'mount -t tmpfs -o mode=755 tsnet-faults /run',
  'mount -t tmpfs -o mode=1777 tsnet-faults /tmp',
  'mount -t sysfs tsnet-faults /sys',
  'mkdir /run/netns /run/lock',
  'hostname tsnet-faults',
  'ip link set lo up',
  'exec "$@"',
].join('\n')

if (process.getuid?.() !== 0) {
  process.stderr.write('faults: needs root, for it makes network namespaces\n')
  process.exit(CANNOT_RUN)
}
if (process.env['FAULTS_PROGRAM'] === undefined) await setUp('faults')
const main = await bundleScoreboard()
const namespaces = ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc']
const words = ['sh', '-c', FIRST_PROCESS, 'sh', process.execPath, main, ...process.argv.slice(2)]
const child = spawn('unshare', [...namespaces, ...words], {
  stdio: 'inherit',
  env: { FAULTS_PROGRAM: join(ROOT, 'dist/tsnet-shoot.js'), ...process.env },
})
// the first process of a process namespace ignores ctrl-c; its parent's death ends it and everything in it
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill('SIGKILL'))
}
child.on('error', (error) => {
  process.stderr.write(`faults: ${error.message}\n`)
  process.exitCode = CANNOT_RUN
})
child.on('exit', (code) => {
  process.exitCode = code ?? 130
})

async function bundleScoreboard() {
  const { build } = await import('esbuild')
  const folder = join(ROOT, '.cache/faults')
  await mkdir(folder, { recursive: true })
  const outfile = join(folder, `main-${process.pid}.mjs`)
  await build({
    entryPoints: [join(ROOT, 'bench/faults/main.ts')],
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
