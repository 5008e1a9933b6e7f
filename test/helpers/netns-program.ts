import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from '../../scripts/build.mjs'
import { bundleForNode } from '../../scripts/bundle-for-node.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The built command line, fresh: path of the file that `node` runs. */
export async function builtProgram(): Promise<string> {
  await build()
  return join(ROOT, 'dist/tsnet-shoot.js')
}

/** Bundles a TypeScript program of the tests, to be run by `node` inside a world. Returns its path. */
export async function bundleProgram(entry: string): Promise<string> {
  const [path = ''] = await bundleForNode([entry], { folder: 'test-programs', suffix: `-${process.pid}` })
  return path
}
