import { TsnetError } from '../../errors.ts'
import { ParentedDriver, type ParentedDriverOptions } from './parented-driver.ts'
import type { DockerRules, ParentedKind } from './parented-network.ts'

const MODES: Readonly<Record<DockerRules, readonly string[]>> = { '20.10': ['l2', 'l3'], '28': ['l2', 'l3', 'l3s'] }
const FLAGS: Readonly<Record<DockerRules, readonly string[]>> = { '20.10': [], '28': ['bridge', 'private', 'vepa'] }

/**
 * `-o parent=eth0 -o ipvlan_mode=l2 -o ipvlan_flag=bridge`: containers share the MAC of a link of the host and are
 * told apart by address. In l2 they have gateways; in l3 and l3s everything is on link and the kernel routes, between
 * the subnets of the network as well.
 */
export class IpvlanDriver extends ParentedDriver {
  constructor(options: ParentedDriverOptions) {
    super(IPVLAN, options)
  }
}

const IPVLAN: ParentedKind = {
  name: 'ipvlan',
  dummyPrefix: 'di-',
  hasMac: false,
  readMode: ({ ipvlan_mode: mode = '', ipvlan_flag: flag = '' }, rules) => {
    check('mode', mode, { known: MODES[rules], usual: 'l2' })
    check('flag', flag, { known: FLAGS[rules], usual: 'bridge' })
    return { mode: mode === '' ? 'l2' : mode, ...(flag === '' ? {} : { flag }) }
  },
  checkSharing: ({ parent }, present) => {
    throw new TsnetError('usage', `network di-${present.id.slice(0, 12)} is already using parent interface ${parent}`)
  },
  linkInfo: ({ mode, flag }) => ({
    kind: 'ipvlan',
    mode,
    flags: flag === undefined || flag === 'bridge' ? [] : [flag],
  }),
  isOnLink: ({ mode }) => mode !== 'l2',
}

function check(
  what: 'mode' | 'flag',
  value: string,
  { known, usual }: { readonly known: readonly string[]; readonly usual: string },
): void {
  if (value === '' || known.includes(value)) return
  throw new TsnetError(
    'usage',
    `requested ipvlan ${what} '${value}' is not valid, '${usual}' ${what} is the ipvlan driver default`,
  )
}
