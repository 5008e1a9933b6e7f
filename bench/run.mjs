import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setUp } from '../scripts/setup.mjs'

/**
 * `npm run bench [-- ROW… --json --strict --quick]`: bundles bench/main.ts and runs it as the first process of private
 * network, mount and process namespaces. What it makes is seen by nobody else and goes with it, also after ctrl-c.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CANNOT_RUN = 4

/** A /run, /tmp and /sys of its own, then the benchmark in the place of the shell. */
const FIRST_PROCESS = [
  'set -e',
  'mount -t tmpfs -o mode=755 tsnet-bench /run',
  'mount -t tmpfs -o mode=1777 tsnet-bench /tmp',
  // a /sys of this network, with the control groups that an engine needs
  'mkdir /run/cgroup',
  'mount --rbind /sys/fs/cgroup /run/cgroup',
  'mount -t sysfs tsnet-bench /sys',
  'mount --move /run/cgroup /sys/fs/cgroup',
  'mkdir /run/netns /run/lock',
  'hostname tsnet-bench',
  // nobody answers, and asking for a router for ever would keep the counters of an idle host moving
  'echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations',
  'ip link set lo up',
  'exec "$@"',
].join('\n')

if (process.getuid?.() !== 0) {
  process.stderr.write('bench: needs root, for it makes network namespaces\n')
  process.exit(CANNOT_RUN)
}
await setUp('bench')
const program = await bundleBench()
const namespaces = ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc']
const words = ['sh', '-c', FIRST_PROCESS, 'sh', process.execPath, '--expose-gc', program, ...process.argv.slice(2)]
const child = spawn('unshare', [...namespaces, ...words], {
  stdio: 'inherit',
  env: { ...process.env, BENCH_ROOT: ROOT },
})
// the first process of a process namespace ignores ctrl-c; its parent's death ends it and everything in it
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill('SIGKILL'))
}
child.on('error', (error) => {
  process.stderr.write(`bench: ${error.message}\n`)
  process.exitCode = CANNOT_RUN
})
child.on('exit', (code) => {
  process.exitCode = code ?? 130
})

async function bundleBench() {
  const { build } = await import('esbuild')
  const folder = join(ROOT, '.cache/bench')
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: ['main', 'parse-save', 'predict-paths', 'read-conntrack', 'open-captures', 'send-frames'].map((name) =>
      join(ROOT, `bench/${name}.ts`),
    ),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['source'],
    external: ['koffi'],
    logLevel: 'warning',
  })
  return join(folder, 'main.mjs')
}
