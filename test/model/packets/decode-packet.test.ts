import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePacket } from '../../../src/model/packets/decode-packet.ts'

const bytes = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'))

const ETHERNET = '02420a000002 02420a000003'
// 10.0.0.3 → 10.0.0.2, DF, id 0x1234
const IPV4 = (protocol: string, size: string, fragment = '4000') =>
  `4500 ${size} 1234 ${fragment} 40 ${protocol} 0000 0a000003 0a000002`
const SYN = 'c822 2134 deadbeef 00000000 6002 faf0 0000 0000 020405b4'
const IPV6 = (next: string, length: string) =>
  `6000 0000 ${length} ${next} 40 fd000000000000000000000000000003 fd000000000000000000000000000002`

describe('a packet taken apart', () => {
  test('a SYN over IPv4 says who, what and its segment size', () => {
    const packet = decodePacket(bytes(`${ETHERNET} 0800 ${IPV4('06', '002c')} ${SYN}`))
    expect(packet).toMatchObject({
      ethernet: { source: '02:42:0a:00:00:03', destination: '02:42:0a:00:00:02', etherType: 0x0800, vlans: [] },
      ip: { version: 4, source: '10.0.0.3', destination: '10.0.0.2', ttl: 64, size: 44, id: 0x1234, df: true },
      tcp: { sourcePort: 51234, destinationPort: 8500, sequence: 0xdeadbeef, flags: 2, mss: 1460, length: 0 },
    })
    expect(packet.cut).toBeUndefined()
  })

  test('tags of two VLANs are passed, outermost first', () => {
    const packet = decodePacket(bytes(`${ETHERNET} 88a8 0064 8100 000a 0800 ${IPV4('11', '001c')} c8220035 0008 0000`))
    expect(packet).toMatchObject({
      ethernet: { vlans: [100, 10], etherType: 0x0800 },
      udp: { sourcePort: 51234, destinationPort: 53, length: 8 },
    })
  })

  test('a later fragment has no transport header', () => {
    const packet = decodePacket(bytes(`${IPV4('11', '0020', '20b9')} 0102030405060708 09101112`), { start: 'ip' })
    expect(packet.udp).toBeUndefined()
    expect(packet.ip?.fragment).toEqual({ id: 0x1234, offset: 0xb9 * 8, more: true })
    expect(packet.payload?.length).toBe(12)
  })

  test('the first fragment of IPv6 is found behind hop-by-hop and fragment headers', () => {
    const chain = '2c00 0104 00000000 | 1100 0001 cafebabe'
    const packet = decodePacket(bytes(`${IPV6('00', '0018')} ${chain} c8220050 0400 0000`), { start: 'ip' })
    expect(packet).toMatchObject({
      ip: { protocol: 17, extensions: [0, 44], fragment: { id: 0xcafebabe, offset: 0, more: true } },
      udp: { sourcePort: 51234, destinationPort: 80 },
    })
  })

  test('an ICMP error carries the packet that it is about, and the MTU', () => {
    const about = `${IPV4('06', '05dc')} c8222134 deadbeef`
    const packet = decodePacket(bytes(`${IPV4('01', '0038')} 0304 0000 0000 0578 ${about}`), { start: 'ip' })
    expect(packet.icmp).toMatchObject({
      type: 3,
      code: 4,
      mtu: 1400,
      about: { ip: { source: '10.0.0.3' }, tcp: { sourcePort: 51234, sequence: 0xdeadbeef } },
    })
  })

  test('a neighbour solicitation names who is asked for', () => {
    const target = 'fd0000000000000000000000000000aa'
    const packet = decodePacket(bytes(`${IPV6('3a', '0018')} 8700 0000 00000000 ${target}`), { start: 'ip' })
    expect(packet.icmp).toMatchObject({ type: 135, target: 'fd00::aa' })
  })

  test('what is inside VXLAN is taken apart as well', () => {
    const inner = `${ETHERNET} 0800 ${IPV4('06', '002c')} ${SYN}`
    const packet = decodePacket(bytes(`${IPV4('11', '0000')} c00012b5 0000 0000 08000000 00010000 ${inner}`), {
      start: 'ip',
    })
    expect(packet.vxlan).toMatchObject({ vni: 256, inner: { tcp: { sequence: 0xdeadbeef } } })
  })

  test('of ESP only its number and sequence are in the clear', () => {
    const packet = decodePacket(bytes(`${IPV4('32', '0020')} 00000102 00000007 aabbccdd`), { start: 'ip' })
    expect(packet.esp).toEqual({ spi: 0x102, sequence: 7 })
  })

  test('a DNS question is read, and one that points into itself is not', () => {
    const udp = (payload: string) =>
      decodePacket(bytes(`${IPV4('11', '0000')} c8220035 0000 0000 ${payload}`), { start: 'ip' })
    expect(udp('abcd 0100 0001 0000 0000 0000 02 6462 00 0001 0001').dns).toEqual({
      id: 0xabcd,
      isAnswer: false,
      name: 'db',
      type: 1,
    })
    expect(udp('abcd 0100 0001 0000 0000 0000 c00c 0001 0001').dns).toBeUndefined()
  })

  test('an ARP request says who asks for whom', () => {
    const arp = '0001 0800 0604 0001 02420a000003 0a000003 000000000000 0a000002'
    expect(decodePacket(bytes(`ffffffffffff 02420a000003 0806 ${arp}`)).arp).toMatchObject({
      operation: 1,
      sender: '10.0.0.3',
      target: '10.0.0.2',
    })
  })

  test.each([
    ['an Ethernet header', ETHERNET, 'ethernet header: 12 of 14 bytes'],
    ['an IP header', `${ETHERNET} 0800 4500`, 'ip header: 2 of 20 bytes'],
    ['a TCP header', `${ETHERNET} 0800 ${IPV4('06', '002c')} c822`, 'tcp header: 2 of 20 bytes'],
    ['an IP header with an impossible length', `${ETHERNET} 0800 ${IPV4('06', '002c').replace('45', '41')}`, '4 bytes'],
  ])('says where %s ends too early', (_, text, cut) => {
    expect(decodePacket(bytes(text)).cut).toContain(cut)
  })
})

describe('whatever the bytes', () => {
  test('they give a value, and no field comes from outside of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('ethernet', 'ip'), (data, start) => {
        const guarded = Uint8Array.of(...data, ...new Array(64).fill(0xff))
        const exact = decodePacket(data, { start })
        expect(decodePacket(guarded.subarray(0, data.length), { start })).toEqual(exact)
        expect(exact.payload?.length ?? 0).toBeLessThanOrEqual(data.length)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a real packet with some bytes changed, or its end missing, gives a value', () => {
    const inner = `${ETHERNET} 0800 ${IPV4('06', '002c')} ${SYN}`
    const whole = bytes(`${ETHERNET} 0800 ${IPV4('11', '005e')} c00012b5 0000 0000 08000000 00010000 ${inner}`)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255))),
        fc.nat(whole.length),
        (changes, length) => {
          const data = whole.slice(0, length)
          for (const [at, value] of changes) if (at < length) data[at] = value
          expect(decodePacket(data)).toBeTypeOf('object')
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
