import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from './build.mjs'

const FILE = join(ROOT, 'docs/lab.schema.json')

/** `node scripts/lab-schema.mjs`: writes the schema of lab files, for editors, from the one that they are checked by. */
const { outputFiles } = await build({
  stdin: {
    contents: "export { LAB_SCHEMA } from './src/lab/schema/lab-schema.ts'",
    resolveDir: ROOT,
    loader: 'ts',
  },
  bundle: true,
  write: false,
  format: 'esm',
})
const text = Buffer.from(outputFiles[0]?.text ?? '').toString('base64')
const { LAB_SCHEMA } = await import(`data:text/javascript;base64,${text}`)
await writeFile(FILE, `${JSON.stringify(LAB_SCHEMA, undefined, 2)}\n`)
