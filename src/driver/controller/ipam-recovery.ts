import type { HeldPool } from '../ipam/ipam-driver.ts'
import type { Endpoint, Network } from '../model.ts'
import { replayLeases } from './endpoint-addresses.ts'
import { replayPools } from './network-pools.ts'
import type { ControllerParts } from './parts.ts'

/** Tells the IPAM drivers that forget everything at their end what is held. */
export async function replayAll({ ipams, state }: ControllerParts): Promise<void> {
  const forgetful = new Set<string>()
  for (const driver of ipams.all()) if ((await driver.capabilities()).requiresRequestReplay) forgetful.add(driver.name)
  for (const network of state.networks.all().values()) {
    if (!forgetful.has(network.ipam.driver)) continue
    await replayPools(ipams, network.ipam, network.scope)
    for (const { leases, interface: placed } of state.endpointsIn(network.id)) {
      await replayLeases(ipams, network, { leases, mac: placed.mac })
    }
  }
}

/** Gives back what was given out and not written down; what others may hold as well is left alone. */
export async function retainHeld({ ipams, state, options }: ControllerParts): Promise<void> {
  for (const driver of ipams.all()) {
    if (options.sharedIpams?.includes(driver.name)) continue
    const networks = [...state.networks.all().values()].filter(({ ipam }) => ipam.driver === driver.name)
    await driver.retain?.(networks.flatMap((network) => heldBy(network, state.endpointsIn(network.id))))
  }
}

function heldBy({ ipam }: Network, endpoints: readonly Endpoint[]): HeldPool[] {
  const leases = endpoints.flatMap((endpoint) => endpoint.leases)
  return ipam.pools.map(({ id, gateway, reserved }) => ({
    poolId: id,
    references: 1,
    addresses: [...reserved, ...leases.filter(({ poolId }) => poolId === id).map(({ address }) => address)],
    gateways: gateway === undefined ? [] : [gateway],
  }))
}
