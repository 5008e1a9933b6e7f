import { join } from 'node:path'
import { messageOf } from '../../errors.ts'
import type { NetworkDriver } from '../network-driver.ts'
import type { NetworkHost } from '../network-host.ts'
import { BridgeDriver } from '../networks/bridge/bridge-driver.ts'
import { IpvlanDriver } from '../networks/ipvlan.ts'
import { MacvlanDriver } from '../networks/macvlan.ts'
import { InProcessProxy } from '../proxy/in-process-proxy.ts'

/** That a plugin serves. */
export const DRIVER_NAMES = ['bridge', 'macvlan', 'ipvlan'] as const
export type DriverName = (typeof DRIVER_NAMES)[number]

/** On all links and rules that a plugin makes. */
export const PLUGIN_TAG = 'tsnet:driver'
/** An engine beside us has chains called DOCKER; a kernel's chain names have 28 bytes. */
const CHAIN_PREFIX = 'TSNET'

export interface NetworkDriversOptions {
  readonly stateFolder: string
  readonly layout: 'docker20' | 'docker28'
  readonly backend: 'iptables' | 'nft'
  readonly hasUserlandProxy: boolean
  readonly log: (line: string) => void
}

export interface NetworkDrivers {
  readonly byName: ReadonlyMap<DriverName, NetworkDriver>
  /** Makes what is missing of what there should be; what cannot be made is in the log. */
  restore(): Promise<void>
  close(): Promise<void>
}

/**
 * The drivers that a plugin serves, each with a state of its own. No engine announces the MAC of a plugin's link, so
 * that follows from the address.
 */
export function openNetworkDrivers(host: NetworkHost, options: NetworkDriversOptions): NetworkDrivers {
  const { stateFolder, layout, backend, log } = options
  const userlandProxy = options.hasUserlandProxy ? new InProcessProxy(host) : undefined
  const bridge = new BridgeDriver({
    host,
    stateFolder: join(stateFolder, 'bridge'),
    firewall: { layout, backend, chainPrefix: CHAIN_PREFIX, comment: PLUGIN_TAG },
    tag: PLUGIN_TAG,
    macFromAddress: true,
    ...(userlandProxy === undefined ? {} : { userlandProxy }),
  })
  const parented = (name: DriverName) => {
    const rules = layout === 'docker20' ? ('20.10' as const) : ('28' as const)
    return { host, stateFolder: join(stateFolder, name), tag: PLUGIN_TAG, rules, macFromAddress: true }
  }
  const drivers: Readonly<Record<DriverName, NetworkDriver>> = {
    bridge,
    macvlan: new MacvlanDriver(parented('macvlan')),
    ipvlan: new IpvlanDriver(parented('ipvlan')),
  }
  return {
    byName: new Map(DRIVER_NAMES.map((name) => [name, drivers[name]])),
    async restore() {
      for (const driver of Object.values(drivers)) {
        await driver.restore?.().catch((error: unknown) => log(messageOf(error)))
      }
    },
    async close() {
      bridge.close()
      await userlandProxy?.close()
    },
  }
}
