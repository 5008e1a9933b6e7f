import type { ConntrackEntry } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `conntrack -L -o extended`, one connection a line. */
export async function oracleConntrack(context: OracleContext): Promise<Row[]> {
  const output = await context.text('conntrack', '-L -o extended')
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(fromLine)
}

/** What conntrack(8) has no name for. */
const PROTOCOLS: Readonly<Record<string, string>> = { 2: 'igmp', 58: 'ipv6-icmp' }

function fromLine(line: string): Row {
  const words = line.trim().split(/\s+/)
  const [family, , name, number = '', timeout] = words
  const protocol = name === 'unknown' ? (PROTOCOLS[number] ?? number) : name
  const values = (name: string) =>
    words.filter((word) => word.startsWith(`${name}=`)).map((word) => word.slice(name.length + 1))
  const state = words[5]?.includes('=') || words[5]?.startsWith('[') ? undefined : words[5]
  return row(
    {
      family: family === 'ipv6' ? 6 : 4,
      protocol,
      state,
      original: tuple(values, 0),
      reply: tuple(values, 1),
      status: words
        .filter((word) => /^\[\w+\]$/.test(word))
        .map((word) => word.slice(1, -1))
        .sort(),
      mark: Number(values('mark')[0] ?? 0) || undefined,
      zone: Number(values('zone')[0] ?? 0) || undefined,
    },
    { timeoutS: Number(timeout) },
  )
}

function tuple(values: (name: string) => string[], at: number): object {
  return {
    source: values('src')[at],
    destination: values('dst')[at],
    sourcePort: numeric(values('sport')[at]),
    destinationPort: numeric(values('dport')[at]),
    icmpType: numeric(values('type')[at]),
    icmpCode: numeric(values('code')[at]),
    icmpId: numeric(values('id')[at]),
  }
}

function numeric(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

export function snapshotConntrack(entries: readonly ConntrackEntry[]): Row[] {
  return entries.map(({ timeoutS, packets: _packets, bytes: _bytes, ...entry }) =>
    row({ ...entry, status: entry.status.filter((one) => SHOWN.includes(one)).sort() }, { timeoutS }),
  )
}

/** The states that `conntrack -L` prints in brackets. */
const SHOWN = ['ASSURED', 'UNREPLIED', 'OFFLOAD', 'HW_OFFLOAD']
