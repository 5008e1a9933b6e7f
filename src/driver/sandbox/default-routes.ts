import { deleteRoute, getLink, replaceRoute } from 'netlink-ts'
import { askKernel, isAbsent } from '../kernel-failure.ts'
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
  const route = { family, destination: 'default' } as const
  const name = wanted && nameOf(wanted.endpointId)
  if (wanted === undefined || name === undefined) {
    ignoringAbsent(() => sandbox.route.request(deleteRoute(route)))
    return
  }
  const { nextHop } = wanted
  askKernel(`default route ${nextHop === undefined ? '' : `via ${nextHop} `}on ${name}`, () => {
    const { index } = getLink(sandbox.route, { name })
    sandbox.route.request(replaceRoute({ ...route, index, ...(nextHop === undefined ? {} : { gateway: nextHop }) }))
  })
}

/** It may have gone with its link. */
function ignoringAbsent(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}
