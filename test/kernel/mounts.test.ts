import { expect, test } from 'vitest'
import { parseNamespaceMounts } from '../../src/kernel/mounts.ts'

// /proc/self/mountinfo of Linux 6.18, shortened
const MOUNTINFO = `24 1 253:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
70 69 0:4 net:[4026532260] /run/netns/ts-nf-0 rw shared:5 - nsfs nsfs rw
71 69 0:4 mnt:[4026532261] /run/snapd/ns/a.mnt rw - nsfs nsfs rw
72 69 0:4 net:[4026532262] /run/netns/with\\040space\\134\\012x rw shared:5 - nsfs nsfs rw
`

test('network namespaces are told from mountinfo alone, with their paths as they are', () => {
  expect(parseNamespaceMounts(MOUNTINFO)).toEqual([
    { inode: 4026532260, path: '/run/netns/ts-nf-0' },
    { inode: 4026532262, path: '/run/netns/with space\\\nx' },
  ])
})

test('paths of any bytes are read as UTF-8', () => {
  const text = Buffer.from('1 2 0:4 net:[5] /run/netns/bläu rw - nsfs nsfs rw\n').toString('latin1')
  expect(parseNamespaceMounts(text)).toEqual([{ inode: 5, path: '/run/netns/bläu' }])
})

test.each(['', ' net:[', ' net:[x] /a b', ' net:[0] /a b', '1 net:[5] /cut-off'])('%j holds no namespace', (text) => {
  expect(parseNamespaceMounts(text)).toEqual([])
})
