import { ADDRESS_TYPE_OPTION, GATEWAY_OPTION } from '../../ipam/ipam-driver.ts'
import { goAny } from '../go-json.ts'
import { type WireAddress, type WirePool, wireAddress, wireAddressSpaces, wirePool } from '../wire.ts'
import { Unmet } from './check.ts'
import type { Reply, Subject } from './subject.ts'

export const GATEWAY_OPTIONS = { [ADDRESS_TYPE_OPTION]: GATEWAY_OPTION }

/** What an engine asks an IPAM driver, in its own space. */
export class IpamTalk {
  readonly #subject: Subject
  readonly #addressSpace: string

  private constructor(subject: Subject, addressSpace: string) {
    this.#subject = subject
    this.#addressSpace = addressSpace
  }

  /** @throws Unmet when the plugin does not say which space is for networks of one host */
  static async open(subject: Subject): Promise<IpamTalk> {
    const spaces = await subject.call('IpamDriver.GetDefaultAddressSpaces', wireAddressSpaces)
    if (spaces.kind !== 'success') throw new Unmet('there are no address spaces')
    return new IpamTalk(subject, spaces.value.LocalDefaultAddressSpace)
  }

  /** Given back after the scenario. */
  async requestPool(fields: { Pool?: string; SubPool?: string; V6?: boolean }): Promise<Reply<WirePool>> {
    const message = { AddressSpace: this.#addressSpace, Pool: '', SubPool: '', Options: null, V6: false, ...fields }
    const reply = await this.#subject.call('IpamDriver.RequestPool', wirePool, message)
    if (reply.kind === 'success') this.#subject.afterwards('IpamDriver.ReleasePool', { PoolID: reply.value.PoolID })
    return reply
  }

  releasePool(PoolID: string): Promise<Reply<unknown>> {
    return this.#subject.call('IpamDriver.ReleasePool', goAny, { PoolID })
  }

  /** @param Address plain; `''` = any. Given back after the scenario. */
  async requestAddress(PoolID: string, Address = '', Options: object | null = null): Promise<Reply<WireAddress>> {
    const reply = await this.#subject.call('IpamDriver.RequestAddress', wireAddress, { PoolID, Address, Options })
    const given = reply.kind === 'success' ? plainOf(reply.value.Address) : ''
    if (given !== '') this.#subject.afterwards('IpamDriver.ReleaseAddress', { PoolID, Address: given })
    return reply
  }

  releaseAddress(PoolID: string, Address: string): Promise<Reply<unknown>> {
    return this.#subject.call('IpamDriver.ReleaseAddress', goAny, { PoolID, Address })
  }
}

/** An address without its mask. */
export function plainOf(cidr: string): string {
  return cidr.split('/')[0] ?? ''
}
