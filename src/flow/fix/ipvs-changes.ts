import type { IpvsDestination, IpvsService, Namespace } from '../../model/snapshot.ts'
import type { Block, Change } from './change.ts'

const FORWARDS: Readonly<Record<string, string>> = { masq: '-m', route: '-g', tunnel: '-i' }

/** A virtual service whose destinations all have weight 0 schedules nobody: one of them gets a weight. */
export function ipvsChanges({ ipvs }: Namespace, { place }: Block): Change[] {
  const service = ipvs.find(
    ({ address, port, fwmark }) =>
      place.text.includes(` ${address}:${port} `) ||
      (fwmark !== undefined && place.text.includes(` fwmark ${fwmark} `)),
  )
  if (service === undefined || service.destinations.some(({ weight }) => weight > 0)) return []
  return service.destinations.map((destination) => weighed(place, service, destination))
}

function weighed(place: Block['place'], service: IpvsService, destination: IpvsDestination): Change {
  const real = `${destination.address}:${destination.port}`
  const changed: IpvsService = {
    ...service,
    destinations: service.destinations.map((each) => (each === destination ? { ...each, weight: 1 } : each)),
  }
  return {
    place,
    edit: (before) => ({ ...before, ipvs: before.ipvs.map((each) => (each === service ? changed : each)) }),
    command: `ipvsadm -e ${serviceWords(service)} -r ${real} ${FORWARDS[destination.forward] ?? '-m'} -w 1`,
    summary: `gives ${real} a weight`,
    warning: 'weight 0 is how a server is taken out of service on purpose',
  }
}

function serviceWords({ fwmark, protocol, address, port }: IpvsService): string {
  if (fwmark !== undefined) return `-f ${fwmark}`
  return `${protocol === 'udp' ? '-u' : '-t'} ${address}:${port}`
}
