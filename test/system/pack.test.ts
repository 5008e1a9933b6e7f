import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTALL = ['install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']

/** Both packages, packed as they are published and installed into an empty folder. */
describe('the packed packages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsnet-pack-'))
  const installed = join(folder, 'installed')

  const run = (program: string, args: readonly string[], cwd = installed) =>
    execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

  beforeAll(() => {
    mkdirSync(installed)
    run('npm', ['pack', '--silent', '--pack-destination', folder], ROOT)
    run('npm', ['pack', '--silent', '--pack-destination', folder, '--workspace', 'netlink-ts'], ROOT)
    const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
    writeFileSync(join(installed, 'package.json'), '{ "type": "module" }')
    run('npm', [...INSTALL, ...tarballs.map((name) => join(folder, name))])
  }, 180_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('give a command that knows its version', () => {
    expect(run('npx', ['--no-install', 'tsnet-shoot', '--version']).trim()).toBe(manifest.version)
  })

  test('give a command that reads this host', () => {
    const links = JSON.parse(run('npx', ['--no-install', 'tsnet-shoot', 'show', 'links', '-n', 'host', '--json']))
    expect(links.map((link: { name: string }) => link.name)).toContain('lo')
  })

  test('give a command that has its labs with it', () => {
    expect(run('npx', ['--no-install', 'tsnet-shoot', 'lab', 'validate', 'pets-bridge', '--static'])).toContain(
      'pets-bridge: the file is good',
    )
  })

  test('bring nothing but koffi with them', () => {
    const others = readdirSync(join(installed, 'node_modules')).filter((name) => !name.startsWith('.'))
    expect(others.sort()).toEqual(['@koromix', 'koffi', 'netlink-ts', 'tsnet-shoot'])
  })

  test('hold no source, test or build leftovers', () => {
    const files = readdirSync(join(installed, 'node_modules/tsnet-shoot'), { recursive: true, encoding: 'utf8' })
    expect(files).toContain('LICENSE')
    expect(files).toContain('dist/event-worker.mjs')
    expect(files.filter((name) => /(^|\/)(src|test|scripts|node_modules|\.[^/]+)(\/|$)/.test(name))).toEqual([])
  })

  test('give netlink-ts with declarations that a strict compiler accepts', () => {
    writeFileSync(
      join(installed, 'use.ts'),
      "import * as netlink from 'netlink-ts'\nexport const names = Object.keys(netlink)\n",
    )
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    run(process.execPath, [compiler, '--strict', '--module', 'nodenext', '--target', 'es2022', ...types, 'use.ts'])
    expect(
      run(process.execPath, ['--eval', "import('./use.js').then((use) => console.log(use.names.length))"]),
    ).toMatch(/^\d+\n$/)
  })
})
