import { xfrmKey } from '../../model/entry-key.ts'
import type { XfrmPolicy, XfrmState } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatCount } from '../format.ts'

type XfrmRow = Row<XfrmState | XfrmPolicy>

function isState(object: XfrmState | XfrmPolicy): object is XfrmState {
  return 'spi' in object
}

/**
 * ```
 * WHAT        SOURCE     DESTINATION  PROTO  SPI         MODE       HOW          MARK
 * state       10.1.1.1   10.1.1.2     esp    0x4d9a1b22  transport  rfc4106(gcm(aes))
 * policy out  10.1.1.1   10.1.1.2     esp    0x4d9a1b22  transport  allow        0xd0c4e3
 * ```
 */
export const XFRM: Table<XfrmRow> = {
  kind: 'xfrm',
  title: 'IPsec states and policies',
  kinds: ['xfrm'],
  context: [],
  columns: [
    textColumn('WHAT', ({ object }) => (isState(object) ? 'state' : `policy ${object.direction}`)),
    textColumn('SOURCE', ({ object }) => object.source),
    textColumn('DESTINATION', ({ object }) => object.destination),
    textColumn('PROTO', ({ object }) => first(object)?.protocol),
    textColumn('SPI', ({ object }) => spiText(first(object)?.spi), { align: 'right' }),
    textColumn('MODE', ({ object }) => first(object)?.mode),
    textColumn('HOW', ({ object }) => (isState(object) ? object.algorithm : object.action)),
    textColumn('MARK', ({ object }) => (object.mark === undefined ? '' : `0x${object.mark.toString(16)}`)),
    numberColumn('REQID', ({ object }) => first(object)?.reqid),
    numberColumn('PKTS', ({ object }) => (isState(object) ? object.packets : undefined), { format: formatCount }),
    numberColumn('BYTES', ({ object }) => (isState(object) ? object.bytes : undefined), { format: formatCount }),
    numberColumn('PRIORITY', ({ object }) => (isState(object) ? undefined : object.priority), { wide: true }),
    numberColumn('REPLAY', ({ object }) => (isState(object) ? object.replayWindow : undefined), { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) => {
      const { states, policies } = namespace.xfrm
      return [...states, ...policies].map((object) => ({
        key: `${namespace.inode}/${xfrmKey(object)}`,
        namespace,
        object,
        wiring,
      }))
    })
  },
}

/** A state itself, or the first thing that a policy asks for. */
function first(
  object: XfrmState | XfrmPolicy,
): Partial<Pick<XfrmState, 'protocol' | 'spi' | 'mode' | 'reqid'>> | undefined {
  return isState(object) ? object : object.templates[0]
}

function spiText(spi: number | undefined): string {
  return spi === undefined || spi === 0 ? '' : `0x${spi.toString(16).padStart(8, '0')}`
}
