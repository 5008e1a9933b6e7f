import { dirname } from 'node:path'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'

const VALIDATOR = /-validator\.ts$/
const COMPILER = /\/compile-schema\.ts$/

/** What a validator's module exports here. @typedef {{ schema: object, options: import('ajv').Options }} Source */

/**
 * Puts the code of compiled JSON schemas where modules named `…-validator.ts` would compile them when the program runs.
 *
 * @param {(path: string) => void} note is told of every file that the code was made of
 * @returns {import('esbuild').Plugin}
 */
export function compiledSchemas(note) {
  return {
    name: 'compiled schemas',
    setup: ({ onLoad, esbuild }) => {
      onLoad({ filter: VALIDATOR }, async ({ path }) => {
        const { sources, inputs } = await sourcesOf(path, esbuild)
        for (const input of inputs) note(input)
        return { contents: codeOf(sources), loader: 'js', resolveDir: dirname(path) }
      })
    },
  }
}

/** @param {string} path @param {import('esbuild').PluginBuild['esbuild']} esbuild */
async function sourcesOf(path, { build }) {
  const { outputFiles, metafile } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    external: ['ajv'],
    plugins: [{ name: 'schemas as they are', setup: keepSchemas }],
  })
  const text = Buffer.from(outputFiles[0]?.text ?? '').toString('base64')
  const sources = /** @type {Record<string, Source>} */ (await import(`data:text/javascript;base64,${text}`))
  return { sources, inputs: Object.keys(metafile.inputs) }
}

/** @param {import('esbuild').PluginBuild} build */
function keepSchemas({ onLoad }) {
  onLoad({ filter: COMPILER }, ({ path }) => ({
    contents: `import { AJV_OPTIONS as options } from './check-shape.ts'
      export const compileSchema = (schema) => ({ schema, options })`,
    resolveDir: dirname(path),
  }))
}

/** @param {Readonly<Record<string, Source>>} sources */
function codeOf(sources) {
  return Object.entries(sources)
    .map(([name, source]) => `export const ${name} = () => {${functionOf(source)}}`)
    .join('\n')
}

/** @param {Source} source */
function functionOf({ schema, options }) {
  const ajv = new Ajv({ ...options, code: { source: true } })
  return `const module = { exports: {} }\n${standalone.default(ajv, ajv.compile(schema))}\nreturn module.exports`
}
