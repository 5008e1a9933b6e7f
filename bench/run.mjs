import { fileURLToPath } from 'node:url'
import { bundleForNode } from '../scripts/bundle-for-node.mjs'
import { requireRoot, runAsFirstProcess } from '../scripts/first-process.mjs'
import { setUp } from '../scripts/setup.mjs'

/** `npm run bench [-- ROW… --json --strict --quick]`: the benchmark, in a world of its own. */
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROGRAMS = ['main', 'parse-save', 'predict-paths', 'read-conntrack', 'open-captures', 'send-frames']

requireRoot('bench')
await setUp('bench')
const [program = ''] = await bundleForNode(
  PROGRAMS.map((name) => `bench/${name}.ts`),
  { folder: 'bench' },
)
runAsFirstProcess({
  name: 'bench',
  words: [process.execPath, '--expose-gc', program, ...process.argv.slice(2)],
  env: { ...process.env, BENCH_ROOT: ROOT },
  // with the control groups that an engine needs
  sys: [
    'mkdir /run/cgroup',
    'mount --rbind /sys/fs/cgroup /run/cgroup',
    'mount -t sysfs tsnet-bench /sys',
    'mount --move /run/cgroup /sys/fs/cgroup',
  ],
  // nobody answers, and asking for a router for ever would keep the counters of an idle host moving
  further: ['echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations'],
})
