import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** What of blessed is used, and what that needs; its list of widgets would be read at run time. */
const WIDGETS = [
  'Node',
  'Screen',
  'Element',
  'Box',
  'Text',
  'Line',
  'ScrollableBox',
  'ScrollableText',
  'Input',
  'List',
  'Log',
]

/** Of blessed-contrib; the others bring maps, pictures and Markdown. */
const CHARTS = "exports.line = require('./lib/widget/charts/line')"

const TERMINFO = 'xterm-256color'

/**
 * Makes blessed fit into one script: its widgets by name, and the description of a terminal in the script itself
 * instead of a file beside it or of this machine.
 * @returns {import('esbuild').Plugin}
 */
export function blessedInOneScript() {
  return {
    name: 'blessed in one script',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\/blessed\/lib\/widget\.js$/ }, () => ({ contents: widgetModule() }))
      onLoad({ filter: /\/blessed\/lib\/tput\.js$/ }, async ({ path }) => ({
        contents: withTerminfo(await readFile(path, 'utf8'), await terminfo(path)),
      }))
      // what is deprecated says so on stderr when it is used
      onLoad({ filter: /\/drawille-blessed-contrib\/index\.js$/ }, async ({ path }) => ({
        contents: (await readFile(path, 'utf8')).replaceAll('new Buffer(', 'Buffer.alloc('),
      }))
      onLoad({ filter: /\/blessed-contrib\/index\.js$/ }, () => ({ contents: CHARTS }))
    },
  }
}

function widgetModule() {
  const lines = WIDGETS.map((name) => {
    const file = name.toLowerCase()
    return `exports.${name} = exports.${file} = require('./widgets/${file}')`
  })
  return `exports.classes = ${JSON.stringify(WIDGETS)}\n${lines.join('\n')}`
}

/** @param {string} path of tput.js @returns {Promise<string>} base64 */
async function terminfo(path) {
  return (await readFile(join(dirname(path), '../usr', TERMINFO))).toString('base64')
}

/** @param {string} text of tput.js @param {string} data */
function withTerminfo(text, data) {
  const read = /file = path\.normalize\(this\._prefix\(term\)\);\s*data = fs\.readFileSync\(file\);/
  if (!read.test(text)) throw new Error('blessed/lib/tput.js: reads its file in another way')
  return text.replace(read, `file = '${TERMINFO}'; data = Buffer.from('${data}', 'base64');`)
}
