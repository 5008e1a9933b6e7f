import { TsnetError } from '../../errors.ts'
import type { Port, PortBinding, TransportProtocol } from '../network-driver.ts'
import { LABEL } from './labels.ts'
import { type WirePort, type WirePortBinding, wirePortBindings, wirePorts } from './wire.ts'

/** IP protocol numbers, IANA. */
const PROTOCOL_NUMBERS: Readonly<Record<TransportProtocol, number>> = { tcp: 6, udp: 17, sctp: 132 }
const PROTOCOLS = new Map(Object.entries(PROTOCOL_NUMBERS).map(([name, number]) => [number, name as TransportProtocol]))
const MAX_PORT = 65_535

export interface Ports {
  readonly exposedPorts: readonly Port[]
  readonly portBindings: readonly PortBinding[]
}

/** The ports among the options of an endpoint. @throws TsnetError `usage` for one that cannot be published */
export function decodePorts(options: Readonly<Record<string, unknown>>): Ports {
  const exposed = wirePorts(options[LABEL.EXPOSED_PORTS], LABEL.EXPOSED_PORTS)
  const bindings = wirePortBindings(options[LABEL.PORT_MAP], LABEL.PORT_MAP)
  return {
    // what is merely exposed does nothing, so a protocol without a name does not either
    exposedPorts: exposed.flatMap(({ Proto, Port }) => {
      const protocol = PROTOCOLS.get(Proto)
      return protocol === undefined ? [] : [{ protocol, port: Port }]
    }),
    portBindings: bindings.map(decodeBinding),
  }
}

export function encodePorts({ exposedPorts, portBindings }: Ports): Readonly<Record<string, unknown>> {
  const exposed = exposedPorts.map(
    ({ protocol, port }): WirePort => ({ Proto: PROTOCOL_NUMBERS[protocol], Port: port }),
  )
  return { [LABEL.EXPOSED_PORTS]: exposed, [LABEL.PORT_MAP]: portBindings.map(encodeBinding) }
}

function decodeBinding({ Proto, Port, HostIP, HostPort, HostPortEnd }: WirePortBinding): PortBinding {
  const protocol = PROTOCOLS.get(Proto)
  if (protocol === undefined) throw new TsnetError('usage', `publish: IP protocol ${Proto} has no ports`)
  const last = HostPortEnd === 0 ? HostPort : HostPortEnd
  if (![Port, HostPort, last].every((port) => port >= 0 && port <= MAX_PORT) || last < HostPort || Port === 0) {
    throw new TsnetError('usage', `publish: ports ${HostPort}-${last} to ${Port} cannot be`)
  }
  return {
    protocol,
    port: Port,
    hostPort: HostPort,
    hostPortEnd: last,
    ...(HostIP === '' ? {} : { hostAddress: HostIP }),
  }
}

function encodeBinding({ protocol, port, hostAddress, hostPort, hostPortEnd }: PortBinding): WirePortBinding {
  return {
    Proto: PROTOCOL_NUMBERS[protocol],
    IP: '',
    Port: port,
    HostIP: hostAddress ?? '',
    HostPort: hostPort,
    HostPortEnd: hostPortEnd,
  }
}
