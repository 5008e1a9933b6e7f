import { expect, test } from 'vitest'
import { parseProtocolUse } from '../../src/kernel/protocol-use.ts'

const TEXT = `protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha uh gp em
PACKET    1600      3      -1   NI       0   no   kernel      n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n
UDP-Lite  1344      0       0   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n
TCPv6     2432     17     128   no     192   yes  kernel      y  y  y  y  y  y  y  y  y  y  y  y  y  n  y  y  y  y
`

test('the sockets of each protocol are counted', () => {
  expect([...parseProtocolUse(TEXT)]).toEqual([
    ['PACKET', 3],
    ['UDP-Lite', 0],
    ['TCPv6', 17],
  ])
})
