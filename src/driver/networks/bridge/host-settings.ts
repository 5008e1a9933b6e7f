import { TsnetError } from '../../../errors.ts'
import type { Family } from '../../firewall/rule.ts'
import type { NetworkHost } from '../../network-host.ts'
import type { BridgeRecords } from './bridge-records.ts'

/** In this order: the second sets those of every link that is there. */
const FORWARDING: Readonly<Record<Family, readonly string[]>> = {
  ip: ['ipv4/ip_forward'],
  ip6: ['ipv6/conf/default/forwarding', 'ipv6/conf/all/forwarding'],
}
const BRIDGE_FILTER: Readonly<Record<Family, string>> = {
  ip: 'bridge/bridge-nf-call-iptables',
  ip6: 'bridge/bridge-nf-call-ip6tables',
}

/** Settings of the host that bridge networks need; what they were before comes back with the last network. */
export class HostSettings {
  readonly #host: NetworkHost
  readonly #records: BridgeRecords

  constructor(host: NetworkHost, records: BridgeRecords) {
    this.#host = host
    this.#records = records
  }

  /** @throws TsnetError `unsupported` where the kernel lacks the family */
  forward(family: Family): void {
    for (const name of FORWARDING[family]) this.#change(name, '1')
  }

  /** Whether the host forwards only since we came: then it must not become a router for everybody. */
  hasBegunToForward(family: Family): boolean {
    return FORWARDING[family].some((name) => this.#records.host.sysctls[name] !== undefined)
  }

  /** Frames between ports of one bridge pass the packet filter. @throws TsnetError `unsupported` */
  filterBridges(family: Family): void {
    if (this.#host.readSysctl(BRIDGE_FILTER[family]) === undefined) {
      throw new TsnetError('unsupported', 'bridge network: containers cannot be kept apart on this kernel', {
        hint: 'please ensure that br_netfilter kernel module is loaded',
      })
    }
    this.#change(BRIDGE_FILTER[family], '1')
  }

  /** Last change first; what somebody else has changed since stays. */
  restore(): void {
    for (const [name, [was, is]] of Object.entries(this.#records.host.sysctls).reverse()) {
      if (this.#host.readSysctl(name) === is) this.#host.writeSysctl(name, was)
    }
    this.#records.changeHost({ sysctls: {} })
  }

  #change(name: string, value: string): void {
    const was = this.#host.readSysctl(name)
    if (was === value) return
    const { sysctls } = this.#records.host
    // written down first: whoever dies in between leaves a change that the next one takes back
    if (was !== undefined && sysctls[name] === undefined) {
      this.#records.changeHost({ sysctls: { ...sysctls, [name]: [was, value] } })
    }
    this.#host.writeSysctl(name, value)
  }
}
