import { type Cidr, isInside, parseCidr, parseIpNumber } from '../../ipam/cidr.ts'
import { plainOf } from './ipam-talk.ts'
import { isCidr } from './join-rules.ts'

export interface AddressRules {
  readonly pool: string
  /** Where it must lie; default the pool. */
  readonly range?: string
  /** Plain address that was asked for. */
  readonly wanted?: string
}

/** What is wrong with an address that was answered; undefined = nothing. */
export function addressProblem(answered: string, { pool, range = pool, wanted }: AddressRules): string | undefined {
  if (answered === '') return 'the answer has neither an address nor an error'
  if (!isCidr(answered)) return `${JSON.stringify(answered)} is no address with a mask`
  const cidr = parseCidr(pool)
  if (parseCidr(answered).length !== cidr.length) return `${answered} has not the mask of the pool ${pool}`
  const plain = parseIpNumber(plainOf(answered))
  if (!isInside(parseCidr(range), plain)) return `${answered} is not in ${range}`
  if (isReserved(cidr, plain.value)) return `${answered} is the network or broadcast address of ${pool}`
  if (wanted !== undefined && plain.value !== parseIpNumber(wanted).value) return `${answered}, not ${wanted}`
  return undefined
}

function isReserved({ family, first, last }: Cidr, value: bigint): boolean {
  return value === first || (family === 4 && value === last)
}
