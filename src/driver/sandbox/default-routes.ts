import { deleteRoute, getLink, replaceRoute } from 'netlink-ts'
import { askKernel, unlessAbsent } from '../kernel-failure.ts'
import type { NetworkHost } from '../network-host.ts'
import type { DefaultRoute, GatewayChoice } from './gateway-choice.ts'

type Routes = Pick<GatewayChoice, 'ipv4' | 'ipv6'>

/**
 * Makes the default routes of a sandbox those of `wanted`, where they differ from what they were.
 *
 * @param nameOf the link of an endpoint inside; undefined = it has none
 */
export function setDefaultRoutes(
  sandbox: NetworkHost,
  { present, wanted }: { readonly present: Routes; readonly wanted: Routes },
  nameOf: (endpointId: string) => string | undefined,
): void {
  setDefaultRoute(sandbox, 4, { present: present.ipv4, wanted: wanted.ipv4 }, nameOf)
  setDefaultRoute(sandbox, 6, { present: present.ipv6, wanted: wanted.ipv6 }, nameOf)
}

function setDefaultRoute(
  sandbox: NetworkHost,
  family: 4 | 6,
  { present, wanted }: { present: DefaultRoute | undefined; wanted: DefaultRoute | undefined },
  nameOf: (endpointId: string) => string | undefined,
): void {
  if (present?.endpointId === wanted?.endpointId && present?.nextHop === wanted?.nextHop) return
  const name = wanted && nameOf(wanted.endpointId)
  if (name !== undefined) replaceDefaultRoute(sandbox, family, { name, nextHop: wanted?.nextHop })
  else if (present !== undefined) deleteDefaultRoute(sandbox, family, nameOf(present.endpointId))
}

function replaceDefaultRoute(
  sandbox: NetworkHost,
  family: 4 | 6,
  { name, nextHop }: { readonly name: string; readonly nextHop: string | undefined },
): void {
  askKernel(`default route ${nextHop === undefined ? '' : `via ${nextHop} `}on ${name}`, () => {
    const { index } = getLink(sandbox.route, { name })
    const way = nextHop === undefined ? { index } : { index, gateway: nextHop }
    sandbox.route.request(replaceRoute({ family, destination: 'default', ...way }))
  })
}

/** Only that of the link: somebody may have added another one. */
function deleteDefaultRoute(sandbox: NetworkHost, family: 4 | 6, name: string | undefined): void {
  if (name === undefined) return
  // a route goes with its link
  unlessAbsent(() => {
    const { index } = getLink(sandbox.route, { name })
    sandbox.route.request(deleteRoute({ family, destination: 'default', index }))
  })
}
