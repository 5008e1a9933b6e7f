import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/

/**
 * The licence texts of the npm packages whose code is in a bundle, as their licences ask.
 * @param {string} root @param {readonly string[]} inputs files of the bundle, relative to root
 */
export async function licenceTexts(root, inputs) {
  const folders = new Set(inputs.flatMap((path) => PACKAGE_FOLDER.exec(path)?.[0] ?? []))
  const texts = await Promise.all([...folders].sort().map((folder) => licenceText(join(root, folder))))
  return texts.join('\n')
}

/** @param {string} folder */
async function licenceText(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? `Licence: ${license}\n` : await readFile(join(folder, file), 'utf8')
  return `== ${name} ${version} (${license})\n\n${text}`
}
