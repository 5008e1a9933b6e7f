import { TsnetError } from '../../errors.ts'
import { ParentedDriver, type ParentedDriverOptions } from './parented-driver.ts'
import type { ParentedKind } from './parented-network.ts'

const MODES: readonly string[] = ['bridge', 'private', 'vepa', 'passthru']

/**
 * `-o parent=eth0 -o macvlan_mode=bridge`: each container has a link with a MAC of its own on a link of the host. Not
 * reachable from the host by way of the same link, which is the kernel's doing.
 */
export class MacvlanDriver extends ParentedDriver {
  constructor(options: ParentedDriverOptions) {
    super(MACVLAN, options)
  }
}

const MACVLAN: ParentedKind = {
  name: 'macvlan',
  dummyPrefix: 'dm-',
  hasMac: true,
  readMode: ({ macvlan_mode: mode = '' }) => {
    if (mode === '') return { mode: 'bridge' }
    if (MODES.includes(mode)) return { mode }
    throw new TsnetError(
      'usage',
      `requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`,
    )
  },
  checkSharing: (added, present, rules) => {
    const { parent } = added
    if (rules === '20.10') {
      throw new TsnetError('usage', `network dm-${present.id.slice(0, 12)} is already using parent interface ${parent}`)
    }
    const uses = `macvlan network ${present.id} is already using parent interface ${parent}`
    if (added.mode === 'passthru') throw new TsnetError('usage', `cannot use mode passthru, ${uses}`)
    if (present.mode === 'passthru') throw new TsnetError('usage', `${uses} in mode passthru`)
  },
  linkInfo: ({ mode }) => ({ kind: 'macvlan', mode }),
  isOnLink: () => false,
}
