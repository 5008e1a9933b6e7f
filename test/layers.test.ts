import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { layerViolations } from './helpers/layers.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

function sourceFiles(): Map<string, string> {
  const folders = ['src', 'commands', 'packages/netlink-ts/src', 'packages/iperf3-parser/src']
  const paths = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  )
  const sources = paths.filter((path) => /\.tsx?$/.test(path))
  return new Map(sources.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]))
}

const violationsOf = (path: string, text: string) => layerViolations(new Map([[path, text]]))

describe('the layers', () => {
  test('of this project are kept by every source file', () => {
    const files = sourceFiles()
    expect(files.size).toBeGreaterThan(10)
    expect(layerViolations(files)).toEqual([])
  }, 60_000)
})

describe('a planted violation is found:', () => {
  test.each([
    ['an import upwards', 'src/model/a.ts', "import { b } from '../kernel/b.ts'"],
    ['an import of a type upwards', 'src/model/a.ts', "import type { B } from '../tui/b.ts'"],
    ['an export upwards', 'src/kernel/a.ts', "export { b } from '../owners/b.ts'"],
    ['a lazy import upwards', 'src/inspect/a.ts', "const b = await import('../tui/b.tsx')"],
    ['an import of a sibling level', 'src/report/a.ts', "import { b } from '../flow/b.ts'"],
    ['a screen that imports a command', 'src/tui/a.tsx', "import { b } from '../../commands/b.ts'"],
    ['anything that imports main', 'commands/a.ts', "import { b } from '../src/main.ts'"],
    ['a package that imports src', 'packages/netlink-ts/src/a.ts', "import { b } from '../../../src/errors.ts'"],
    ['a package imported by its path', 'src/kernel/a.ts', "import { b } from '../../packages/netlink-ts/src/b.ts'"],
    ['a folder that is in no layer', 'src/common/a.ts', "import { b } from '../model/b.ts'"],
    ['an import from a folder in no layer', 'src/kernel/a.ts', "import { b } from '../common/b.ts'"],
    ['files read in a pure folder', 'src/model/a.ts', "import { readFileSync } from 'node:fs'"],
    ['a pure folder that loads netlink', 'src/checks/a.ts', "import { open } from 'netlink-ts'"],
    ['a pure folder that requires', 'src/report/a.ts', "const os = require('node:os')"],
    ['randomness by crypto', 'src/model/a.ts', "import { createHash, randomBytes } from 'node:crypto'"],
    ['randomness', 'src/model/a.ts', 'export const a = Math.random()'],
    ['the clock', 'src/report/a.ts', 'export const a = () => Date.now()'],
    ['the clock as a date', 'src/flow/a.ts', 'export const a = new Date()'],
    ['the environment', 'src/report/a.ts', "export const a = process.env['NO_COLOR']"],
    ['a timer', 'src/model/a.ts', 'setTimeout(() => undefined, 1)'],
  ])('%s', (_, path, text) => {
    expect(violationsOf(path, text)).toHaveLength(1)
  })
})

describe('what is allowed is not reported:', () => {
  test.each([
    ['an import downwards', 'src/tui/a.tsx', "import { b } from '../model/b.ts'"],
    ['an import inside the layer', 'src/tui/views/a.tsx', "import { b } from '../table.ts'"],
    ['a command that imports a feature', 'commands/a.ts', "import { b } from '../src/inspect/b.ts'"],
    ['the type of another package in a pure folder', 'src/model/a.ts', "import type { B } from 'netlink-ts'"],
    ['hashing in a pure folder', 'src/model/a.ts', "import { createHash } from 'node:crypto'"],
    ['a date of an argument', 'src/report/a.ts', 'export const a = (ms: number) => new Date(ms)'],
    [
      'a property called process',
      'src/model/a.ts',
      'export const a = (o: { process: { pid: number } }) => o.process.pid',
    ],
  ])('%s', (_, path, text) => {
    expect(violationsOf(path, text)).toEqual([])
  })
})
