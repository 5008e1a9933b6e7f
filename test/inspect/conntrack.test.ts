import { decodeConntrack } from 'netlink-ts'
import { expect, test } from 'vitest'
import { fixture, messageOf } from '../../packages/netlink-ts/test/helpers/hex.ts'
import { toConntrackEntry } from '../../src/inspect/conntrack.ts'

const rows = fixture('netfilter/conntrack.hex').map((bytes) => toConntrackEntry(decodeConntrack(messageOf(bytes))))

test('a translated TCP connection', () => {
  const row = rows.find(({ original }) => original.source === '10.0.0.1')
  expect(row).toMatchObject({ family: 4, protocol: 'tcp', state: 'ESTABLISHED', mark: 17 })
  expect(row?.original).toEqual({
    source: '10.0.0.1',
    destination: '192.0.2.1',
    sourcePort: 1000,
    destinationPort: 443,
  })
  expect(row?.status).toContain('ASSURED')
  expect(row?.status).not.toContain('UNREPLIED')
  expect(row).not.toHaveProperty('zone')
})

test('an unanswered ICMPv6 connection in a zone has neither ports nor a mark of 0', () => {
  const row = rows.find(({ family }) => family === 6)
  expect(row).toMatchObject({ protocol: 'icmpv6', zone: 5, status: ['UNREPLIED'] })
  expect(row?.original).toEqual({ source: 'fd00::1', destination: 'fd00::2', icmpType: 128, icmpCode: 0, icmpId: 77 })
  expect(row).not.toHaveProperty('mark')
})
