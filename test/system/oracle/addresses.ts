import type { Address, Namespace } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `ip -j -d addr`. */
interface IpAddress {
  readonly local: string
  readonly address?: string
  readonly prefixlen: number
  readonly scope: string
  readonly label?: string
  readonly broadcast?: string
  readonly valid_life_time: number
  readonly preferred_life_time: number
}

const FOREVER = 2 ** 32 - 1

/** The flags that `ip -j` prints as booleans of their own; `dynamic` is its word for "not permanent". */
const FLAGS = [
  'noprefixroute',
  'tentative',
  'dadfailed',
  'deprecated',
  'nodad',
  'home',
  'mngtmpaddr',
  'optimistic',
  'temporary',
  'secondary',
]

export async function oracleAddresses(context: OracleContext): Promise<Row[]> {
  const links = await context.json<{ ifindex?: number; addr_info?: readonly IpAddress[] }>('ip', '-j -d addr')
  return links.flatMap(({ ifindex = 0, addr_info: addresses = [] }) => addresses.map((one) => fromIp(one, ifindex)))
}

function fromIp(one: IpAddress, link: number): Row {
  const set = one as unknown as Record<string, unknown>
  const prefix = (address: string) => `${address}/${one.prefixlen}`
  return row(
    {
      link,
      // with a peer, the prefix length belongs to the peer; the model keeps it at the address
      address: prefix(one.local),
      peer: one.address === undefined ? undefined : one.address,
      scope: one.scope,
      flags: [...(set['dynamic'] === true ? [] : ['permanent']), ...FLAGS.filter((flag) => set[flag] === true)].sort(),
      label: one.label,
      broadcast: one.broadcast,
    },
    { validS: limited(one.valid_life_time), preferredS: limited(one.preferred_life_time) },
  )
}

function limited(seconds: number): number | undefined {
  return seconds === FOREVER ? undefined : seconds
}

export function snapshotAddresses({ addresses }: Namespace): Row[] {
  return addresses.map(fromSnapshot)
}

function fromSnapshot({ validS, preferredS, ...fields }: Address): Row {
  return row({ ...fields, flags: [...fields.flags].sort() }, { validS, preferredS })
}
