import { join } from 'node:path'
import { Controller } from '../../../../src/driver/controller/controller.ts'
import { NativeIpam } from '../../../../src/driver/ipam/native-ipam.ts'
import { NullIpam } from '../../../../src/driver/ipam/null-ipam.ts'
import { NetworkHost } from '../../../../src/driver/network-host.ts'
import { BridgeDriver } from '../../../../src/driver/networks/bridge/bridge-driver.ts'
import { HostDriver } from '../../../../src/driver/networks/host.ts'
import { IpvlanDriver } from '../../../../src/driver/networks/ipvlan.ts'
import { MacvlanDriver } from '../../../../src/driver/networks/macvlan.ts'
import { NoneDriver } from '../../../../src/driver/networks/none.ts'
import type { DockerRules } from '../../../../src/driver/networks/parented-network.ts'
import { FaultyDriver } from './faulty-driver.ts'

export const STATE = '/run/tsnet-state'
export const TAG = 'tsnet:test'

export interface Setting {
  readonly controller: Controller
  readonly faulty: FaultyDriver
}

/** A controller with every driver, on the state folder of the world. */
export async function openSetting(rules: DockerRules): Promise<Setting> {
  const host = NetworkHost.open()
  const common = (name: string) => ({ host, tag: TAG, rules, stateFolder: join(STATE, 'drivers', name) })
  const faulty = new FaultyDriver(new MacvlanDriver(common('faulty')))
  const controller = await Controller.open({
    host,
    tag: TAG,
    stateFolder: join(STATE, 'controller'),
    sandboxPath: (name) => `/run/netns/${TAG}:${name}`,
    ipams: [new NativeIpam({ stateFolder: join(STATE, 'ipam') }), new NullIpam()],
    drivers: [
      new BridgeDriver({
        host,
        tag: TAG,
        stateFolder: join(STATE, 'drivers/bridge'),
        firewall: { layout: rules === '28' ? 'docker28' : 'docker20', backend: 'iptables', chainPrefix: 'DOCKER' },
      }),
      new MacvlanDriver(common('macvlan')),
      new IpvlanDriver(common('ipvlan')),
      new HostDriver(),
      new NoneDriver(),
      faulty.asDriver,
    ],
  })
  return { controller, faulty }
}
