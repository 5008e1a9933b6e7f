import { rulePlace } from '../../flow/firewall/traverse.ts'
import { placeIn, type Space } from '../../flow/world.ts'
import { xfrmKey } from '../../model/entry-key.ts'
import type { XfrmPolicy, XfrmState } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft, DraftFix } from './check.ts'
import { at, step } from './draft.ts'
import type { HostMap } from './host-map.ts'
import { spaceKey } from './keys.ts'

function check({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const { states, policies } = space.namespace.xfrm
    const out = policies.filter(({ direction, action }) => direction === 'out' && action !== 'block')
    return [
      ...out.flatMap((policy) => policyDrafts(space, policy, (address) => holders(map, address))),
      ...states.flatMap((state) => peerDrafts(space, state, holders(map, state.destination))),
      ...markDrafts(space, out),
    ]
  })
}

function holders(map: HostMap, address: string): readonly Space[] {
  return map.holders(address).map((each) => each.space)
}

function stateText({ source, destination, protocol, spi }: XfrmState): string {
  return `src ${source} dst ${destination} proto ${protocol} spi 0x${spi.toString(16).padStart(8, '0')}`
}

function statePlace(space: Space, state: XfrmState) {
  return {
    text: `${stateText(state)} in ${space.name}`,
    place: placeIn(space, 'xfrm', stateText(state), { entry: xfrmKey(state) }),
  }
}

/**
 * From one end to the other without a look at it: the key is in no snapshot, and not among the words of a process.
 * What `ip` prints is what it takes, but for what the kernel counts.
 */
const COPY_STATE = [
  'state=$(nsenter --net="$0" ip xfrm state get "$@")',
  'echo "xfrm state add $state" | grep -v -e lastused -e anti-replay -e seq-hi -e bitmap | tr "\\n\\t" "  " | ip -batch -',
].join(' && ')

/** The end that has an association gives it to the one that lacks it; both have to be on this machine. */
function copyFix(from: Space, to: Space, state: XfrmState): DraftFix | undefined {
  const path = pathOf(from)
  if (from.host !== to.host || path === undefined) return undefined
  const { mark, markMask = 0xff_ff_ff_ff } = state
  const marked = mark === undefined ? [] : ['mark', String(mark), 'mask', String(markMask)]
  const id = [...stateText(state).split(' '), ...marked]
  return {
    steps: [step(to, ['sh', '-c', COPY_STATE, path, ...id], ['ip', 'xfrm', 'state', 'delete', ...id])],
    summary: `gives ${to.name} the association that ${from.name} has`,
  }
}

/** By a name that stays, where there is one. */
function pathOf({ namespace: { names, pids, owner } }: Space): string | undefined {
  const isNamed = owner.kind === 'lab' || owner.kind === 'netns'
  const name = isNamed ? (names.find((each) => each.startsWith('/')) ?? names[0]) : undefined
  if (name !== undefined) return name.startsWith('/') ? name : `/run/netns/${name}`
  return pids[0] === undefined ? undefined : `/proc/${pids[0]}/ns/net`
}

/** A policy whose association is not there. */
function policyDrafts(space: Space, policy: XfrmPolicy, holdersOf: (address: string) => readonly Space[]): Draft[] {
  const { templates, source, destination } = policy
  const { states } = space.namespace.xfrm
  return templates.flatMap((template) => {
    const spi = template.spi ?? 0
    const fitting = states.filter(
      (state) =>
        state.source === template.source &&
        state.destination === template.destination &&
        state.protocol === template.protocol,
    )
    if (spi === 0 ? fitting.length > 0 : fitting.some((state) => state.spi === spi)) return []
    const text = `src ${source} dst ${destination} dir out tmpl spi 0x${spi.toString(16)}`
    const fix = holdersOf(template.destination).flatMap((peer) => {
      const state = peer.namespace.xfrm.states.find(
        (each) => each.spi === spi && each.source === template.source && each.destination === template.destination,
      )
      return state === undefined ? [] : (copyFix(peer, space, state) ?? [])
    })[0]
    return [
      {
        severity: 'error',
        title: `${space.name} should encrypt for ${template.destination} and has no association for it`,
        ...at(space),
        subject: `IPsec from ${space.name} to ${template.destination}`,
        evidence: [
          { text: `policy ${text} in ${space.name}`, place: placeIn(space, 'xfrm', text, { entry: xfrmKey(policy) }) },
          ...(fitting.length === 0
            ? [{ text: `no ${template.protocol} state to ${template.destination} in ${space.name}` }]
            : fitting.slice(0, 3).map((state) => statePlace(space, state))),
        ],
        cause:
          'The policy demands an association (SPI) that does not exist, so the kernel drops what it should encrypt. Keys were rotated on one end alone, or an entry was deleted.',
        ...(fix === undefined ? {} : { fix }),
        about: [spaceKey(space), `xfrm ${template.source} ${template.destination}`],
      },
    ]
  })
}

/** An association to send with that the other end does not have to receive with. */
function peerDrafts(space: Space, state: XfrmState, peers: readonly Space[]): Draft[] {
  const [peer] = peers
  if (peer === undefined || peer === space || !isUsed(space, state)) return []
  const same = peer.namespace.xfrm.states.filter(
    ({ source, destination, protocol }) =>
      source === state.source && destination === state.destination && protocol === state.protocol,
  )
  if (same.some(({ spi }) => spi === state.spi)) return []
  const fix = copyFix(space, peer, state)
  return [
    {
      severity: 'error',
      title: `${space.name} encrypts for ${peer.name} with an SPI that ${peer.name} does not know`,
      ...at(peer),
      subject: `IPsec from ${space.name} to ${peer.name}`,
      evidence: [
        statePlace(space, state),
        ...(same.length === 0
          ? [{ text: `no state from ${state.source} to ${state.destination} in ${peer.name}` }]
          : same.slice(0, 3).map((each) => statePlace(peer, each))),
      ],
      cause: `What ${space.name} sends arrives and cannot be decrypted: it is dropped, and XfrmInNoStates rises. The ends were given different keys, or one lost its own.`,
      ...(fix === undefined ? {} : { fix }),
      about: [spaceKey(space), spaceKey(peer), `xfrm ${state.source} ${state.destination}`],
    },
  ]
}

/** Engines keep old and coming keys too: what counts is the one that a policy names. */
function isUsed({ namespace }: Space, { source, destination, spi }: XfrmState): boolean {
  const templates = namespace.xfrm.policies
    .filter(({ direction }) => direction === 'out')
    .flatMap((policy) => policy.templates)
  const own = templates.filter((each) => each.source === source && each.destination === destination)
  return own.length > 0 && own.some((each) => each.spi === undefined || each.spi === 0 || each.spi === spi)
}

/** VXLAN packets are marked for encryption and no policy takes the mark: they leave in the clear, and are refused. */
function markDrafts(space: Space, out: readonly XfrmPolicy[]): Draft[] {
  const rule = space.namespace.firewall.find(
    ({ table, chain, text }) => table === 'mangle' && chain === 'OUTPUT' && /--set-x?mark 0xd0c4e3\b/.test(text),
  )
  if (rule === undefined || out.some(({ mark }) => mark === 0xd0_c4_e3)) return []
  // the rules come with the network, the policies with the first other host
  if (space.namespace.xfrm.states.length === 0) return []
  return [
    {
      severity: 'error',
      title: `${space.name} marks packets of an encrypted overlay, and no policy takes the mark`,
      ...at(space),
      subject: `IPsec policies of ${space.name}`,
      evidence: [
        { text: `-t ${rule.table} -A ${rule.chain} ${rule.text} in ${space.name}`, place: rulePlace(space, rule) },
        { text: `no out policy with mark 0xd0c4e3 in ${space.name}; ${space.namespace.xfrm.states.length} states` },
      ],
      cause: 'The packets leave without encryption, and the other host refuses them so.',
      about: [spaceKey(space)],
    },
  ]
}

export const XFRM_MISMATCH: Check = {
  id: 'xfrm-mismatch',
  title: 'the two ends of an encrypted overlay do not agree',
  needs: ['addrs', 'xfrm', 'firewall'],
  explains: ['unreachable-neighbour', 'unreachable-subnet', 'esp-blocked', 'vxlan-port-blocked'],
  explanation: {
    symptom: 'Only encrypted networks fail, and only between certain hosts; ESP arrives and nothing comes of it.',
    why: 'Each direction needs one association with the same SPI and key on both ends, and a policy at the sender that names it. Engines change the keys every twelve hours; an end that missed a change, or lost an entry, cannot decrypt.',
    see: ['ip xfrm state', 'ip xfrm policy', 'nstat -az | grep Xfrm'],
    fix: 'Restart the engine on the end that lacks the association: it gets the keys from the manager anew. Where both ends are on one machine, the association is copied from the end that has it, with its key.',
    intended: 'For seconds while keys are changed.',
  },
  check,
}
