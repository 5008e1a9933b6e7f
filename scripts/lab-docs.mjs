import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, ROOT } from './build.mjs'
import { runAgain } from './console-blocks.mjs'

const FOLDERS = ['docs/labs', 'docs/cookbook']

/**
 * `node scripts/lab-docs.mjs [NAME…]`, as root: runs every command of docs/labs/NAME.md and docs/cookbook/NAME.md
 * (`cookbook/NAME`: of that folder alone) and writes what it printed below it.
 */
await build()
const names = process.argv.slice(2)
for (const folder of FOLDERS) {
  for (const file of readdirSync(join(ROOT, folder)).filter((each) => each.endsWith('.md'))) {
    const name = file.replace(/\.md$/, '')
    if (names.length > 0 && !names.some((each) => `docs/${each}` === `${folder}/${name}` || each === name)) continue
    const path = join(ROOT, folder, file)
    writeFileSync(path, await runAgain(readFileSync(path, 'utf8')))
    process.stderr.write(`${folder}/${file}\n`)
  }
}
