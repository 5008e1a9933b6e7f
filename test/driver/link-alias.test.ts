import { expect, test } from 'vitest'
import { linkAlias, linkOwner } from '../../src/driver/link-alias.ts'

const ID = '0123456789abcdef'.repeat(4)

test.each(['network', 'endpoint', 'sandbox'] as const)('the owner of a link is read from the alias: a %s', (kind) => {
  const alias = linkAlias('tsnet:pets', { kind, id: ID })
  expect(linkOwner('tsnet:pets', alias)).toEqual({ kind, id: ID })
  expect(Buffer.byteLength(alias)).toBeLessThan(256)
})

test.each([
  undefined,
  '',
  'tsnet:pets',
  'tsnet:pets network',
  'tsnet:pets  x',
  `tsnet:pets2 network ${ID}`,
  `tsnet:pet network ${ID}`,
  `tsnet:pets uplink ${ID}`,
  `tsnet:pets network ${ID} and more`,
  `x tsnet:pets network ${ID}`,
])('%j is not one of tsnet:pets', (alias) => {
  expect(linkOwner('tsnet:pets', alias)).toBeUndefined()
})
