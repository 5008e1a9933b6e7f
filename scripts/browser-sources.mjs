import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BROWSERS = 'es2022'
const WANTED = /\?text$/

/**
 * A script or style sheet for the browser that opens a report, with all that it imports, in as few bytes as it needs.
 * @param {string} path
 * @returns {Promise<{ text: string, inputs: string[] }>} inputs: relative to the root
 */
async function bundledText(path) {
  const { outputFiles, metafile } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'iife',
    target: BROWSERS,
    charset: 'utf8',
    absWorkingDir: ROOT,
  })
  return { text: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) }
}

/**
 * `import TEXT from './page.js?text'` is the text of a file that runs in a browser.
 * @param {(path: string) => void} note is told of every file that went into it
 * @returns {import('esbuild').Plugin}
 */
export function browserSources(note) {
  return {
    name: 'browser sources',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: WANTED }, ({ path, importer }) => ({
        path: join(dirname(importer), path.replace(WANTED, '')),
        pluginData: WANTED,
      }))
      onLoad({ filter: /\.(js|css)$/ }, async ({ path, pluginData }) => {
        if (pluginData !== WANTED) return undefined
        const { text, inputs } = await bundledText(path)
        for (const input of inputs) note(input)
        return { contents: text, loader: 'text' }
      })
    },
  }
}

/** The same for tests. @returns {import('vitest/config').Plugin} */
export function browserSourcesForTests() {
  return {
    name: 'browser sources',
    enforce: 'pre',
    load: async (id) => {
      if (!WANTED.test(id)) return undefined
      const { text } = await bundledText(id.replace(WANTED, ''))
      return `export default ${JSON.stringify(text)}`
    },
  }
}
