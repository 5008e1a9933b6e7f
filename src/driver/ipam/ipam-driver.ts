/**
 * IP address management behind one interface: the native driver and a remote one (plugin protocol v1, IpamDriver.*)
 * are called alike. Meanings as in Docker's remote IPAM protocol.
 */
export interface IpamDriver {
  readonly name: string
  capabilities(): Promise<IpamCapabilities>
  defaultAddressSpaces(): Promise<AddressSpaces>
  /**
   * The same request gives the same pool again and counts one reference more.
   *
   * @throws TsnetError `failed` when the pool overlaps another or the default pools are exhausted, `usage` when the
   * request contradicts itself
   */
  requestPool(request: PoolRequest): Promise<Pool>
  /** Gives one reference back. */
  releasePool(poolId: string): Promise<void>
  /** @throws TsnetError `failed` when the address is taken, outside the pool, or no address is left */
  requestAddress(request: AddressRequest): Promise<AllocatedAddress>
  releaseAddress(poolId: string, address: string): Promise<void>
  /**
   * Gives back whatever is held besides: an answer that its asker did not live to write down. For a driver that serves
   * one asker alone. Native driver only.
   */
  retain?(held: readonly HeldPool[]): Promise<void>
}

/** What an asker knows that it holds of a pool. */
export interface HeldPool {
  readonly poolId: string
  /** How often it was requested and not given back. */
  readonly references: number
  /** Plain addresses. */
  readonly addresses: readonly string[]
  /** Gateway addresses, as often as each was requested. */
  readonly gateways: readonly string[]
}

export interface IpamCapabilities {
  /** The MAC must be known before an address is asked for; it comes as option {@link MAC_ADDRESS_OPTION}. */
  readonly requiresMacAddress: boolean
  /** Pools and gateway addresses are requested again after a restart. */
  readonly requiresRequestReplay: boolean
}

export interface AddressSpaces {
  readonly local: string
  readonly global: string
}

export interface PoolRequest {
  readonly addressSpace: string
  /** CIDR; absent = one of the default pools. */
  readonly pool?: string
  /** CIDR inside `pool` that dynamic addresses come from. */
  readonly subPool?: string
  readonly options: Readonly<Record<string, string>>
  readonly v6: boolean
  /** CIDRs that a default pool must not overlap (host routes, name servers). Native driver only. */
  readonly avoid?: readonly string[]
}

export interface Pool {
  readonly id: string
  /** CIDR. */
  readonly pool: string
  /** {@link GATEWAY_OPTION} → the gateway as CIDR, where the driver chooses it. */
  readonly data: Readonly<Record<string, string>>
}

export interface AddressRequest {
  readonly poolId: string
  /** Plain address; absent = any. */
  readonly address?: string
  /** {@link ADDRESS_TYPE_OPTION}, {@link SERIAL_OPTION}, {@link MAC_ADDRESS_OPTION}. */
  readonly options: Readonly<Record<string, string>>
}

export interface AllocatedAddress {
  /** CIDR with the pool's prefix length; empty from the null driver alone. */
  readonly address: string
  readonly data: Readonly<Record<string, string>>
}

/** Option and data keys, libnetwork netlabel and ipamapi. */
export const GATEWAY_OPTION = 'com.docker.network.gateway'
export const ADDRESS_TYPE_OPTION = 'RequestAddressType'
export const SERIAL_OPTION = 'com.docker.network.ipam.serial'
export const MAC_ADDRESS_OPTION = 'com.docker.network.endpoint.macaddress'
