import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { inverseOf } from '../../src/lab/build/machine-settings.ts'
import { builtInLabs, readLabText } from '../../src/lab/built-in-labs.ts'
import { readLab } from '../../src/lab/read-lab.ts'
import { LAB_SCHEMA } from '../../src/lab/schema/lab-schema.ts'
import { formatRate, formatTimeUs, parseRate, parseTimeUs } from '../../src/lab/topology/quantities.ts'
import { readPort } from '../../src/lab/topology/read-port.ts'
import { Complaints } from '../../src/model/file/problem.ts'
import { labOf } from '../helpers/lab-text.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('the schema for editors is the one that files are checked by (node scripts/lab-schema.mjs)', () => {
  expect(JSON.parse(read('docs/lab.schema.json'))).toEqual(LAB_SCHEMA)
})

describe('every built-in lab', () => {
  test.each(builtInLabs())('%s is without a problem, named like its file and has checks', (name) => {
    const { file, text } = readLabText(name)
    expect(readLab(file, text).problems).toEqual([])
    const lab = labOf(text)
    expect(lab.name).toBe(name)
    expect(lab.checks.length).toBeGreaterThan(2)
    expect(lab.description).toBeDefined()
    expect(text).toContain('$schema=../docs/lab.schema.json')
  })
})

describe('a port as Compose writes it:', () => {
  const ports = (entry: Parameters<typeof readPort>[0]): string[] => {
    const complaints = new Complaints()
    const specs = readPort(entry, [], complaints)
    const range = (first: number, last: number) => (first === last ? String(first) : `${first}-${last}`)
    return [
      ...specs.map(
        ({ hostAddress = '*', hostPort, hostPortEnd, containerPort, protocol }) =>
          `${hostAddress} ${range(hostPort, hostPortEnd)} ${containerPort}/${protocol}`,
      ),
      ...complaints.list.map(({ message }) => message),
    ]
  }

  test.each<[Parameters<typeof readPort>[0], string[]]>([
    [3000, ['* 0 3000/tcp']],
    ['3000', ['* 0 3000/tcp']],
    ['3000-3002', ['* 0 3000/tcp', '* 0 3001/tcp', '* 0 3002/tcp']],
    ['8000:8000', ['* 8000 8000/tcp']],
    ['9090-9091:8080-8081', ['* 9090 8080/tcp', '* 9091 8081/tcp']],
    ['49100:22', ['* 49100 22/tcp']],
    ['8000-9000:80', ['* 8000-9000 80/tcp']],
    ['127.0.0.1:8001:8001', ['127.0.0.1 8001 8001/tcp']],
    ['127.0.0.1:5000-5001:5000-5001', ['127.0.0.1 5000 5000/tcp', '127.0.0.1 5001 5001/tcp']],
    ['127.0.0.1::80', ['127.0.0.1 0 80/tcp']],
    ['[::1]:8000:80', ['::1 8000 80/tcp']],
    ['6060:6060/udp', ['* 6060 6060/udp']],
    ['[fd00::1]:6060:6060/sctp', ['fd00::1 6060 6060/sctp']],
    [{ target: 80, published: '8000-8001', host_ip: '10.0.0.1', protocol: 'udp' }, ['10.0.0.1 8000-8001 80/udp']],
    ['8000:80:', ['not a port as Compose writes it: "8000:80:"']],
    ['300.0.0.1:8000:80', ['not an address: 300.0.0.1']],
    ['80-70:80-90', ['not a port: "80-70"']],
    ['0', ['not a port: "0"']],
  ])('%j', (entry, expected) => {
    expect(ports(entry)).toEqual(expected)
  })
})

test.each([
  ['10mbit', 10_000_000],
  ['1.5gbit', 1_500_000_000],
  ['512kbit', 512_000],
  ['7bit', 7],
])('a rate of %s is %d bits a second', (text, bits) => {
  expect(parseRate(text)).toBe(bits)
  expect(parseRate(formatRate(bits))).toBe(bits)
})

test.each([
  ['20ms', 20_000],
  ['1.5s', 1_500_000],
  ['300us', 300],
])('a time of %s is %d microseconds', (text, us) => {
  expect(parseTimeUs(text)).toBe(us)
  expect(parseTimeUs(formatTimeUs(us))).toBe(us)
})

test.each([
  ['-A FORWARD -s 10.0.0.0/8 -j DROP', '-D FORWARD -s 10.0.0.0/8 -j DROP'],
  ['-I DOCKER-USER 2 -j RETURN', '-D DOCKER-USER -j RETURN'],
  ['-I INPUT -j DROP', '-D INPUT -j DROP'],
  ['-N OWN', '-X OWN'],
  ['-P INPUT DROP', '-P INPUT ACCEPT'],
])('the rule %s is taken back by %s', (line, inverse) => {
  expect(inverseOf(line)).toBe(inverse)
})
