import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { ROOT } from './build.mjs'

/** `node scripts/finding-docs.mjs`: writes docs/findings from the same text that `doctor explain` prints. */
const FOLDER = join(ROOT, 'docs/findings')
const bundle = join(tmpdir(), `finding-docs-${process.pid}.mjs`)
await build({
  stdin: {
    contents: `export { findingPages } from './src/checks/doctor/checks.ts'\nexport { pageMarkdown, pagesIndex } from './src/report/finding-page.ts'`,
    resolveDir: ROOT,
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile: bundle,
  logLevel: 'warning',
})
try {
  const { findingPages, pageMarkdown, pagesIndex } = await import(pathToFileURL(bundle).href)
  mkdirSync(FOLDER, { recursive: true })
  for (const name of readdirSync(FOLDER)) rmSync(join(FOLDER, name))
  for (const page of findingPages()) writeFileSync(join(FOLDER, `${page.id}.md`), pageMarkdown(page))
  writeFileSync(join(FOLDER, 'README.md'), pagesIndex(findingPages()))
} finally {
  rmSync(bundle, { force: true })
}
