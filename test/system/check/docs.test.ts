import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'

const text = readFileSync(new URL('../../../docs/checks.md', import.meta.url), 'utf8')
const examples = [...text.matchAll(/```yaml\n# (\S+\.yaml)\n([\s\S]*?)```/g)].map(([, name = '', body = '']) => ({
  name,
  body,
}))

let labs: LabWorld
const files = new Map<string, string>()

beforeAll(async () => {
  labs = await openLabWorld()
  await labs.mustLab('up', 'pets-bridge')
  for (const { name, body } of examples) files.set(name, await labs.write(name, body))
})
afterAll(() => labs.world.close())

test('there are examples', () => {
  expect(examples.map(({ name }) => name)).toEqual([
    'web.yaml',
    'one.yaml',
    'facts.yaml',
    'tried.yaml',
    'matchers.yaml',
    'common.yaml',
    'all.yaml',
  ])
  expect(text.match(/```yaml/g)).toHaveLength(examples.length)
})

test.each(examples)('the example $name passes', async ({ name }) => {
  const words = ['check', files.get(name) ?? '', '--allow-commands', '--json']
  const { stdout, status } = await labs.world.tryRun(process.execPath, [labs.program, ...words])
  const { results } = JSON.parse(stdout) as { results: { name: string; verdict: string; detail?: string }[] }
  expect(results.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'skipped')).toEqual([])
  expect(results.length).toBeGreaterThan(1)
  expect(status).toBe(0)
})
