import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { runAgain, withoutFigures } from '../../scripts/console-blocks.mjs'
import { builtProgram } from '../helpers/netns-program.ts'

const FOLDER = new URL('../../docs/cookbook/', import.meta.url)

const pages = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.md') && file !== 'README.md')
  .map((file) => file.slice(0, -3))

beforeAll(() => builtProgram())

test('there is a page for each question of the overview', () => {
  const overview = readFileSync(new URL('README.md', FOLDER), 'utf8')
  expect([...overview.matchAll(/\]\((\w[\w-]*)\.md\)/g)].map(([, name]) => name).sort()).toEqual(pages.sort())
})

/** Each on a machine of its own, so that all can be run at once. */
test.concurrent.each(pages)('the commands of %s print what stands below them', async (page) => {
  const text = readFileSync(new URL(`${page}.md`, FOLDER), 'utf8')
  expect(text.match(/^\$ /gm)?.length).toBeGreaterThan(2)
  expect(withoutFigures(await runAgain(text))).toBe(withoutFigures(text))
})
