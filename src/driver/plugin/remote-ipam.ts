import { TsnetError } from '../../errors.ts'
import { overlaps, parseCidr } from '../ipam/cidr.ts'
import type {
  AddressRequest,
  AddressSpaces,
  AllocatedAddress,
  IpamCapabilities,
  IpamDriver,
  Pool,
  PoolRequest,
} from '../ipam/ipam-driver.ts'
import { goAny } from './go-json.ts'
import { decodeAddress, decodePool, encodeAddressRequest, encodePoolRequest } from './ipam-messages.ts'
import type { PluginClient } from './plugin-client.ts'
import { openPlugin, type RemoteOptions } from './remote-plugin.ts'
import { wireAddress, wireAddressSpaces, wireIpamCapabilities, wirePool } from './wire.ts'

/** So many pools that the host is using already are set aside before we give up. */
const MAX_OVERLAPS = 64

/** An IPAM driver behind a plugin socket or URL. */
export class RemoteIpam implements IpamDriver {
  readonly name: string
  readonly #client: PluginClient

  private constructor(name: string, client: PluginClient) {
    this.name = name
    this.#client = client
  }

  /**
   * @param plugin name, path of a socket, or URL
   * @throws TsnetError `failed` when it cannot be used as an IPAM driver
   */
  static async open(plugin: string, options: RemoteOptions = {}): Promise<RemoteIpam> {
    return new RemoteIpam(plugin, await openPlugin(plugin, 'IpamDriver', options))
  }

  /** Of a plugin older than the method: none. */
  async capabilities(): Promise<IpamCapabilities> {
    const answer = await this.#client.callIfKnown('IpamDriver.GetCapabilities', wireIpamCapabilities)
    return {
      requiresMacAddress: answer?.RequiresMACAddress ?? false,
      requiresRequestReplay: answer?.RequiresRequestReplay ?? false,
    }
  }

  async defaultAddressSpaces(): Promise<AddressSpaces> {
    const answer = await this.#client.call('IpamDriver.GetDefaultAddressSpaces', wireAddressSpaces)
    return { local: answer.LocalDefaultAddressSpace, global: answer.GlobalDefaultAddressSpace }
  }

  /** A pool that the plugin chose and `avoid` forbids is kept while another is asked for, and then given back. */
  async requestPool(request: PoolRequest): Promise<Pool> {
    if (request.pool !== undefined) return this.#requestPool(request)
    const avoid = (request.avoid ?? []).map(parseCidr).filter(({ length }) => length > 0)
    const setAside: Pool[] = []
    try {
      for (;;) {
        const pool = await this.#requestPool(request)
        const cidr = parseCidr(pool.pool)
        // 0.0.0.0/0 is what drivers without addresses answer
        if (cidr.length === 0 || !avoid.some((one) => overlaps(one, cidr))) return pool
        setAside.push(pool)
        if (setAside.length >= MAX_OVERLAPS) {
          throw new TsnetError(
            'failed',
            `request pool: ${MAX_OVERLAPS} pools from ${this.name}, all of them in use here`,
          )
        }
      }
    } finally {
      for (const { id } of setAside) await this.releasePool(id)
    }
  }

  async releasePool(poolId: string): Promise<void> {
    await this.#client.call('IpamDriver.ReleasePool', goAny, { PoolID: poolId })
  }

  async requestAddress(request: AddressRequest): Promise<AllocatedAddress> {
    const message = encodeAddressRequest(request)
    const address = decodeAddress(await this.#client.call('IpamDriver.RequestAddress', wireAddress, message))
    if (address.address === '') {
      throw new TsnetError('failed', `request address: ${this.name} answered neither an address nor an error`)
    }
    parseCidr(address.address)
    return address
  }

  async releaseAddress(poolId: string, address: string): Promise<void> {
    await this.#client.call('IpamDriver.ReleaseAddress', goAny, { PoolID: poolId, Address: address })
  }

  async #requestPool(request: PoolRequest): Promise<Pool> {
    const pool = decodePool(await this.#client.call('IpamDriver.RequestPool', wirePool, encodePoolRequest(request)))
    try {
      parseCidr(pool.pool)
    } catch (error) {
      await this.releasePool(pool.id).catch(() => undefined)
      throw error
    }
    return pool
  }
}
