import { expect, test } from 'vitest'
import { checkInterfaceName, nextInterfaceName } from '../../../src/driver/sandbox/interface-name.ts'

test.each<[string, string[], string]>([
  ['eth', [], 'eth0'],
  ['eth', ['lo', 'eth0', 'eth1'], 'eth2'],
  ['eth', ['eth0', 'eth2'], 'eth1'],
  ['foo', ['eth0'], 'foo0'],
])('with prefix %s and %j there, the next is %s', (prefix, taken, expected) => {
  expect(nextInterfaceName(prefix, new Set(taken))).toBe(expected)
})

test.each(['', '.', '..', 'a b', 'a/b', 'a:b', 'sixteen-bytes-xx', 'größergrößer'])('%j is no name', (name) => {
  expect(() => checkInterfaceName(name)).toThrow('the kernel takes no such name')
})

test('fifteen bytes are a name', () => {
  expect(checkInterfaceName('fifteen-bytes-x')).toBe('fifteen-bytes-x')
})
