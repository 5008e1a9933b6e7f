import { TsnetError } from '../../errors.ts'
import { parseCidr } from '../ipam/cidr.ts'
import type { EndpointInterface } from '../network-driver.ts'

const FIELDS = [
  ['mac', 'MAC address', 'MAC'],
  ['address', 'address', 'IP'],
  ['addressIpv6', 'address', 'IPv6'],
] as const

/**
 * The interface of an endpoint: what was given to its driver, and what the driver added. A driver must not answer
 * with what it was given, even unchanged.
 *
 * @throws TsnetError `failed` when it does, or when it gives what is no address
 */
export function mergeInterface(given: EndpointInterface, added: EndpointInterface): EndpointInterface {
  for (const [field, what, short] of FIELDS) {
    if (given[field] === undefined || added[field] === undefined) continue
    throw new TsnetError(
      'failed',
      `driver modified interface ${what}: endpoint interface ${short} present (${given[field]}). ` +
        `Cannot be modified with (${added[field]}).`,
    )
  }
  for (const cidr of [added.address, added.addressIpv6]) if (cidr !== undefined) parseCidr(cidr)
  return { ...given, ...added }
}
