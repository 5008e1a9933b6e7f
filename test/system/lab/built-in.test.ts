import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtInLabs } from '../../../src/lab/built-in-labs.ts'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'
import { skipTest } from '../../helpers/skip.ts'

describe('every lab that comes with the program', () => {
  let labs: LabWorld
  let before: string

  beforeAll(async () => {
    labs = await openLabWorld()
    before = await labs.traces()
  })
  afterAll(() => labs?.world.close())

  test('is one of these', () => {
    expect(builtInLabs()).toEqual([
      'compose-host',
      'default-bridge',
      'host',
      'macvlan',
      'none',
      'overlay',
      'overlay-encrypted',
      'pets-bridge',
      'pets-macvlan',
      'pets-multihost',
      'port-publishing',
      'routers',
      'segmentation',
      'services',
      'user-bridge',
      'vlan-trunk',
    ])
  })

  for (const name of builtInLabs()) {
    test(`${name} is built, does what it is to show, and leaves nothing`, async (context) => {
      const up = await labs.lab('up', name)
      if (up.stderr.includes('this kernel lacks')) {
        expect(up.status).toBe(4)
        expect(await labs.traces()).toBe(before)
        skipTest(context, { reason: up.stderr.trim(), coveredBy: 'test/vm/lab.test.ts' })
      }
      expect(up).toMatchObject({ status: 0, stderr: '' })
      const { stdout } = await labs.lab('validate', name, '--run', '--json')
      const { results } = JSON.parse(stdout) as { results: { name: string; result: string; detail?: string }[] }
      expect(results.length).toBeGreaterThan(2)
      expect(results.filter(({ result }) => result !== 'passed')).toEqual([])
      expect(await labs.lab('down', name)).toMatchObject({ status: 0, stderr: '' })
      expect(await labs.traces()).toBe(before)
    })
  }
})
