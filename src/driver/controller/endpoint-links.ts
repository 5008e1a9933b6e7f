import { deleteLink, dumpLinks, type Link } from 'netlink-ts'
import { askKernel, unlessAbsent } from '../kernel-failure.ts'
import { linkAlias } from '../link-alias.ts'
import type { Endpoint } from '../model.ts'
import type { NetworkHost } from '../network-host.ts'
import { isRandomLinkName } from '../random-link-name.ts'
import type { LinkConfiguration } from '../sandbox/sandbox-link.ts'
import type { ControllerParts } from './parts.ts'

/** What the link of an endpoint is to have inside. */
export function linkConfiguration({ options }: ControllerParts, endpoint: Endpoint): LinkConfiguration {
  const { id, routes } = endpoint
  const { mac, address, addressIpv6 } = endpoint.interface
  return {
    alias: linkAlias(options.tag, { kind: 'endpoint', id }),
    routes,
    ...(mac === undefined ? {} : { mac }),
    ...(address === undefined ? {} : { address }),
    ...(addressIpv6 === undefined ? {} : { addressIpv6 }),
  }
}

/** Takes away the links of an endpoint, in the host's namespace and in the sandbox. No error when there are none. */
export async function removeLinks(parts: ControllerParts, endpoint: Endpoint, inside: NetworkHost): Promise<void> {
  await parts.links.remove(endpoint.id)
  const alias = linkAlias(parts.options.tag, { kind: 'endpoint', id: endpoint.id })
  for (const link of askKernel('list links of the sandbox', () => dumpLinks(inside.route))) {
    if (link.alias === alias || (endpoint.state !== 'ready' && isUnmarked(link))) deleteInside(inside, link)
  }
}

/** A link that its driver made in the sandbox, before a crash kept us from marking it and setting it up. */
function isUnmarked({ name, alias, flagNames }: Link): boolean {
  return alias === undefined && isRandomLinkName(name) && !flagNames.includes('UP')
}

function deleteInside(inside: NetworkHost, { name, index }: Link): void {
  unlessAbsent(() => askKernel(`delete link ${name}`, () => inside.route.request(deleteLink({ index }))))
}
