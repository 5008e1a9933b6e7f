import type { Endpoint } from '../model.ts'
import type { NetworkHost } from '../network-host.ts'
import { setDefaultRoutes } from '../sandbox/default-routes.ts'
import { chooseGateways, type GatewayChoice } from '../sandbox/gateway-choice.ts'
import type { UndoStack } from '../undo.ts'
import { attachmentOf } from './attachments.ts'
import { type ControllerParts, driverNamed } from './parts.ts'

/** Which endpoints of a sandbox give it its default routes and publish its ports. */
export function gatewaysOf({ state }: ControllerParts, endpoints: readonly Endpoint[]): GatewayChoice {
  return chooseGateways(
    endpoints.flatMap((endpoint) => {
      const network = state.networks.get(endpoint.network)
      return network === undefined ? [] : [attachmentOf(endpoint, network)]
    }),
  )
}

/** A sandbox whose endpoints change from some to others, the new one or without the old one. */
export interface GatewayMove {
  readonly sandbox: NetworkHost
  readonly present: readonly Endpoint[]
  readonly wanted: readonly Endpoint[]
}

/** Leads the default routes and the published ports of a sandbox to the endpoints that are due. Every step is on `undo`. */
export async function moveGateways(parts: ControllerParts, move: GatewayMove, undo: UndoStack): Promise<void> {
  const present = gatewaysOf(parts, move.present)
  const wanted = gatewaysOf(parts, move.wanted)
  const all = new Map([...move.present, ...move.wanted].map((endpoint) => [endpoint.id, endpoint]))
  const nameOf = (endpointId: string) => all.get(endpointId)?.interface.name
  undo.add('default routes', () => setDefaultRoutes(move.sandbox, { present: wanted, wanted: present }, nameOf))
  setDefaultRoutes(move.sandbox, { present, wanted }, nameOf)
  await movePorts(parts, { from: endpointOf(all, present), to: endpointOf(all, wanted) }, undo)
}

/** When an endpoint has left whose ports are withdrawn: the next in order takes its place. */
export async function handOverGateways(
  parts: ControllerParts,
  { sandbox, left, remaining }: { sandbox: NetworkHost; left: Endpoint; remaining: readonly Endpoint[] },
): Promise<void> {
  const present = gatewaysOf(parts, [...remaining, left])
  const wanted = gatewaysOf(parts, remaining)
  const all = new Map([...remaining, left].map((endpoint) => [endpoint.id, endpoint]))
  setDefaultRoutes(sandbox, { present, wanted }, (id) => all.get(id)?.interface.name)
  if (wanted.externalEndpoint === present.externalEndpoint) return
  const next = endpointOf(all, wanted)
  if (next !== undefined) await publish(parts, next)
}

/** Publishes the ports of an endpoint. */
export async function publish(parts: ControllerParts, endpoint: Endpoint): Promise<void> {
  const { id, network, exposedPorts, portBindings } = endpoint
  await driverOf(parts, endpoint)?.programExternalConnectivity({
    networkId: network,
    endpointId: id,
    exposedPorts,
    portBindings,
  })
}

/** Withdraws its ports; no error when they are not published. */
export async function withdraw(parts: ControllerParts, endpoint: Endpoint): Promise<void> {
  await driverOf(parts, endpoint)?.revokeExternalConnectivity(endpoint.network, endpoint.id)
}

async function movePorts(
  parts: ControllerParts,
  { from, to }: { readonly from: Endpoint | undefined; readonly to: Endpoint | undefined },
  undo: UndoStack,
): Promise<void> {
  if (from?.id === to?.id) return
  // two endpoints cannot have the same port of the host at once
  if (from !== undefined) {
    undo.add(`published ports of endpoint ${from.id}`, () => publish(parts, from))
    await withdraw(parts, from)
  }
  if (to === undefined) return
  undo.add(`published ports of endpoint ${to.id}`, () => withdraw(parts, to))
  await publish(parts, to)
}

function endpointOf(all: ReadonlyMap<string, Endpoint>, { externalEndpoint }: GatewayChoice): Endpoint | undefined {
  return externalEndpoint === undefined ? undefined : all.get(externalEndpoint)
}

function driverOf(parts: ControllerParts, { network }: Endpoint) {
  const found = parts.state.networks.get(network)
  return found && driverNamed(parts, found.driver)
}
