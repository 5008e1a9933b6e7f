import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from './build.mjs'

const FILE = join(ROOT, 'docs/check.schema.json')

/** `node scripts/check-schema.mjs`: writes the schema of check files, for editors, from the one that they are checked by. */
const { outputFiles } = await build({
  stdin: {
    contents: "export { CHECK_FILE_SCHEMA } from './src/checks/file/check-schema.ts'",
    resolveDir: ROOT,
    loader: 'ts',
  },
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
})
const text = Buffer.from(outputFiles[0]?.text ?? '').toString('base64')
const { CHECK_FILE_SCHEMA } = await import(`data:text/javascript;base64,${text}`)
await writeFile(FILE, `${JSON.stringify(CHECK_FILE_SCHEMA, undefined, 2)}\n`)
