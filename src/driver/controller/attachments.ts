import type { Endpoint, Network } from '../model.ts'
import type { Attachment } from '../sandbox/gateway-choice.ts'

/** An endpoint with its network, as the choice of the default route sees it. */
export interface NetworkAttachment extends Attachment {
  readonly endpoint: Endpoint
  readonly network: Network
}

export function attachmentOf(endpoint: Endpoint, network: Network): NetworkAttachment {
  return {
    endpoint,
    network,
    endpointId: endpoint.id,
    networkName: network.name,
    internal: network.config.internal,
    priority: endpoint.gatewayPriority,
    ...(endpoint.gateway === undefined ? {} : { gateway: endpoint.gateway }),
    ...(endpoint.gatewayIpv6 === undefined ? {} : { gatewayIpv6: endpoint.gatewayIpv6 }),
    routes: endpoint.routes,
  }
}
