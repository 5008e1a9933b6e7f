import type { NameRecords, SandboxNames } from '../../driver/controller/name-records.ts'
import { DnsRuleInstaller } from '../../driver/dns/dns-rule-installer.ts'
import { EMBEDDED_DNS_ADDRESS } from '../../driver/dns/embedded-dns.ts'
import { NetworkHost } from '../../driver/network-host.ts'
import type { NetworkObject } from '../resolve/lab-object.ts'
import type { HostEngine } from './host-controllers.ts'

export const NAME_SERVER = EMBEDDED_DNS_ADDRESS

/** In each container, where nobody else listens: one pair for all lets their rules be copies of each other. */
const PORTS = { udpPort: 35_353, tcpPort: 35_353 } as const

/** The names of a host's containers, without networks whose DNS is switched off. */
export function servedNames({ controller }: HostEngine, networks: readonly NetworkObject[]): NameRecords {
  const named = new Set(networks.filter(({ dns }) => dns).map(({ networkId }) => networkId))
  const records = controller.nameRecords()
  return {
    networks: Object.fromEntries(Object.entries(records.networks).filter(([id]) => named.has(id))),
    sandboxes: records.sandboxes.flatMap((sandbox) => {
      const attachments = sandbox.attachments.filter(({ network }) => named.has(network))
      return attachments.length === 0 ? [] : [{ ...sandbox, attachments }]
    }),
  }
}

/** Leads port 53 of 127.0.0.11 to the name server in every container that has none yet. @returns all with their ports */
export async function leadToNameServer(
  { controller, docker }: HostEngine,
  sandboxes: readonly SandboxNames[],
): Promise<readonly Required<SandboxNames>[]> {
  const installer = new DnsRuleInstaller(PORTS, docker.backend)
  const ports = { udp: PORTS.udpPort, tcp: PORTS.tcpPort }
  for (const { id, namespace, dnsPorts } of sandboxes) {
    if (dnsPorts !== undefined) continue
    const inside = NetworkHost.open(namespace)
    try {
      await installer.install(inside)
    } finally {
      inside.close()
    }
    controller.setDnsPorts(id, ports)
  }
  return sandboxes.map((sandbox) => ({ ...sandbox, dnsPorts: sandbox.dnsPorts ?? ports }))
}
