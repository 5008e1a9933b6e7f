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
  const ajv = new Ajv({ ...options, strict: false, inlineRefs: false, code: { source: true } })
  return `const module = { exports: {} }\n${standalone.default(ajv, ajv.compile(withDefinitions(schema)))}\nreturn module.exports`
}

/** Shorter ones are no longer than the call of a function. */
const MIN_SHARED_LENGTH = 120
const OF_SCHEMAS = new Set(['properties', 'patternProperties', 'definitions'])
/** Not below `propertyNames`, whose errors name the property only where it stands. */
const A_SCHEMA = new Set(['additionalProperties', 'if', 'then', 'else', 'items', 'contains', 'not'])
const LISTS = new Set(['allOf', 'anyOf', 'oneOf'])

/** @typedef {Readonly<Record<string, unknown>>} Schema */

/**
 * The same schema with what it says more than once said in one place: each place of it would become code of its own.
 * @param {object} schema
 */
function withDefinitions(schema) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  /** @param {Schema} part @returns {Schema} */
  const count = (part) => {
    const text = JSON.stringify(part)
    counts.set(text, (counts.get(text) ?? 0) + 1)
    return mapSubschemas(part, count)
  }
  mapSubschemas(/** @type {Schema} */ (schema), count)
  /** @type {Map<string, { name: string, part: Schema }>} */
  const definitions = new Map()
  /** @param {Schema} part @returns {Schema} */
  const share = (part) => {
    const text = JSON.stringify(part)
    if (text.length < MIN_SHARED_LENGTH || (counts.get(text) ?? 0) < 2) return mapSubschemas(part, share)
    const known = definitions.get(text) ?? { name: `d${definitions.size}`, part }
    definitions.set(text, known)
    if (known.part === part) known.part = mapSubschemas(part, share)
    return { $ref: `#/$defs/${known.name}` }
  }
  const shared = mapSubschemas(/** @type {Schema} */ (schema), share)
  const $defs = Object.fromEntries([...definitions.values()].map(({ name, part }) => [name, part]))
  return { ...shared, $defs }
}

/** @param {Schema} schema @param {(part: Schema) => Schema} map @returns {Schema} */
function mapSubschemas(schema, map) {
  /** @param {unknown} value */
  const one = (value) => (typeof value === 'object' && value !== null ? map(/** @type {Schema} */ (value)) : value)
  /** @param {string} keyword @param {unknown} value */
  const mapped = (keyword, value) => {
    if (A_SCHEMA.has(keyword)) return one(value)
    if (LISTS.has(keyword)) return /** @type {unknown[]} */ (value).map(one)
    if (!OF_SCHEMAS.has(keyword)) return value
    return Object.fromEntries(Object.entries(/** @type {Schema} */ (value)).map(([name, part]) => [name, one(part)]))
  }
  return Object.fromEntries(Object.entries(schema).map(([keyword, value]) => [keyword, mapped(keyword, value)]))
}
