import { serviceKey } from '../../model/entry-key.ts'
import type { IpvsDestination, IpvsService } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatCount, formatEndpoint } from '../format.ts'
import { whoHasAddress } from './who.ts'

/** A service with one of its destinations; a service without any has a row of its own. */
export interface IpvsRow extends Row<IpvsService> {
  readonly destination: IpvsDestination | undefined
}

/**
 * ```
 * SERVICE     SCHEDULER  DESTINATION   FORWARD  WEIGHT  ACTIVE  INACTIVE  WHO
 * fwmark 256  rr         10.0.0.5:0    masq          1       0         2  ping.1:eth0
 * ```
 */
export const IPVS: Table<IpvsRow> = {
  kind: 'ipvs',
  title: 'IPVS services',
  kinds: ['ipvs'],
  context: ['links', 'addrs'],
  columns: [
    textColumn('SERVICE', ({ object }) => serviceName(object)),
    textColumn('SCHEDULER', ({ object }) => object.scheduler),
    textColumn('DESTINATION', ({ destination }) => (destination === undefined ? 'none' : endpoint(destination))),
    textColumn('FORWARD', ({ destination }) => destination?.forward),
    numberColumn('WEIGHT', ({ destination }) => destination?.weight),
    numberColumn('ACTIVE', ({ destination }) => destination?.active),
    numberColumn('INACTIVE', ({ destination }) => destination?.inactive),
    textColumn('WHO', (row) => (row.destination === undefined ? '' : whoHasAddress(row, row.destination.address))),
    textColumn('FLAGS', ({ object }) => object.flags.join(','), { wide: true }),
    numberColumn('PERSISTENT', ({ object }) => object.persistentS, { wide: true, format: (value) => `${value}s` }),
    numberColumn('CONNECTIONS', ({ object }) => object.connections, { wide: true, format: formatCount }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.ipvs.flatMap((object): IpvsRow[] => {
        const key = (destination?: IpvsDestination) => `${namespace.inode}/${serviceKey(object, destination)}`
        const row = { namespace, object, wiring }
        if (object.destinations.length === 0) return [{ ...row, key: key(), destination: undefined }]
        return object.destinations.map((destination) => ({ ...row, key: key(destination), destination }))
      }),
    )
  },
}

function serviceName({ protocol, address, port, fwmark }: IpvsService): string {
  if (fwmark !== undefined) return `fwmark ${fwmark}`
  return `${protocol} ${formatEndpoint(address ?? '', port)}`
}

function endpoint({ address, port }: IpvsDestination): string {
  return formatEndpoint(address, port)
}
