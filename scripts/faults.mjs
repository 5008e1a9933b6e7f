import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleForNode } from './bundle-for-node.mjs'
import { requireRoot, runAsFirstProcess } from './first-process.mjs'
import { setUp } from './setup.mjs'

/** `npm run faults [-- LAB|FAULT… --everywhere --json]`: the scoreboard of the doctor, in a world of its own. */
const ROOT = fileURLToPath(new URL('..', import.meta.url))

requireRoot('faults')
if (process.env['FAULTS_PROGRAM'] === undefined) await setUp('faults')
const [main = ''] = await bundleForNode(['bench/faults/main.ts'], { folder: 'faults', suffix: `-${process.pid}` })
runAsFirstProcess({
  name: 'faults',
  words: [process.execPath, main, ...process.argv.slice(2)],
  env: { FAULTS_PROGRAM: join(ROOT, 'dist/tsnet-shoot.js'), ...process.env },
})
