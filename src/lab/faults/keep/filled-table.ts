import { type ConntrackTupleSpecification, deleteConntrack, IPS, newConntrack } from 'netlink-ts'
import { kernelFailure } from '../../../driver/kernel-failure.ts'
import type { NetworkHost } from '../../../driver/network-host.ts'

/** RFC 2544: addresses of measurements, which nobody else has. */
const [SOURCE, DESTINATION] = ['198.18.0.1', '198.18.0.2']
const FIRST_PORT = 1024
const HTTPS = 443
const IPPROTO_TCP = 6
/** linux/netfilter/nf_conntrack_tcp.h */
const TCP_CONNTRACK_ESTABLISHED = 3
const TIMEOUT_S = 86_400

/** Connections of nobody, open and seen from both sides: the kernel gives up none of them when room is needed. */
export function fillTable({ netfilter }: NetworkHost, place: string, count: number): void {
  const requests = directions(count).map((original) => {
    const { source, destination, sourcePort, destinationPort, protocol } = original
    return newConntrack({
      original,
      reply: {
        ...{ source: destination, destination: source, protocol },
        ...{ sourcePort: destinationPort, destinationPort: sourcePort },
      },
      timeoutS: TIMEOUT_S,
      status: IPS.SEEN_REPLY | IPS.ASSURED,
      tcpState: TCP_CONNTRACK_ESTABLISHED,
    })
  })
  const error = netfilter.batch(requests).find((each) => each !== undefined)
  if (error !== undefined) throw kernelFailure(`${place}: make connections`, error)
}

/** What ended meanwhile is gone already. */
export function emptyTable({ netfilter }: NetworkHost, count: number): void {
  netfilter.batch(directions(count).map((original) => deleteConntrack({ original })))
}

function directions(count: number): readonly Required<Pick<ConntrackTupleSpecification, Field>>[] {
  return Array.from({ length: count }, (_, position) => ({
    ...{ source: SOURCE, destination: DESTINATION, protocol: IPPROTO_TCP },
    ...{ sourcePort: FIRST_PORT + position, destinationPort: HTTPS },
  }))
}

type Field = 'source' | 'destination' | 'protocol' | 'sourcePort' | 'destinationPort'
