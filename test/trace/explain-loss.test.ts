import { expect, test } from 'vitest'
import type { Journey, PlaceKind } from '../../src/model/journey.ts'
import type { Namespace } from '../../src/model/snapshot.ts'
import type { KernelDrop } from '../../src/model/trace.ts'
import { explainLoss } from '../../src/trace/explain-loss.ts'
import type { Observation } from '../../src/trace/observation.ts'

const ROUTER = { inode: 2, names: ['r'], owner: { kind: 'netns', name: 'r' }, links: [] } as unknown as Namespace
const FLOW = { source: { namespace: 2, name: 'r' }, destination: '10.0.0.2', protocol: 'icmp' }
const DROP = { location: 'ip_error', protocol: 'ip', count: 1, isOurs: true } as const
const BLACKHOLE: KernelDrop = { ...DROP, reason: 'NOT_SPECIFIED' }
const NOISE: KernelDrop = { ...DROP, reason: 'QDISC_DROP', location: '__dev_queue_xmit' }

/** A packet that reached `r` and was seen no further. */
function lossOf(drops: readonly KernelDrop[] | undefined, kind: PlaceKind | undefined) {
  const where = kind === undefined ? {} : { where: { kind, namespace: 2, name: 'r', text: 'the place' } }
  const predicted = { flow: FLOW, verdict: 'dropped', reason: 'as foreseen', ...where } as unknown as Journey
  const nothing = { passes: [], counters: [], seen: { sightings: [], neighbours: [] }, outcome: { kind: 'silence' } }
  const observation = { ...nothing, flow: FLOW, namespaces: new Map([[2, ROUTER]]), drops, predicted, kind: 'SYN' }
  const loss = explainLoss(observation as unknown as Observation, { visits: [], hops: [], isLoop: false })
  return loss === undefined ? undefined : { kind: loss.where.kind, evidence: loss.evidence, reason: loss.reason }
}

test('a reason of the kernel that fits the prediction proves it, whatever else was dropped meanwhile', () => {
  const proved = { kind: 'route', evidence: 'drop', reason: expect.stringContaining('as foreseen (the kernel dropped') }
  expect(lossOf([BLACKHOLE], 'route')).toMatchObject(proved)
  expect(lossOf([NOISE, BLACKHOLE], 'route')).toMatchObject(proved)
})

test('one that does not fit counts when it is the only one', () => {
  expect(lossOf([NOISE], 'route')).toMatchObject({ kind: 'link', evidence: 'drop' })
  expect(lossOf([NOISE, { ...DROP, reason: 'IP_RPFILTER' }], 'route')).toMatchObject({ evidence: 'predicted' })
  expect(lossOf([{ ...NOISE, protocol: 'arp' }], 'route')).toMatchObject({ evidence: 'predicted' })
})

test('what others dropped is told of beside a prediction, and proves nothing', () => {
  const loss = lossOf([{ ...BLACKHOLE, isOurs: false, count: 3 }], 'route')
  expect(loss?.evidence).toBe('predicted')
  expect(loss?.reason).toContain('the kernel dropped 3 packets meanwhile, NOT_SPECIFIED in ip_error')
})

test('without reasons there is the prediction, or nothing', () => {
  expect(lossOf(undefined, 'route')).toEqual({
    kind: 'route',
    evidence: 'predicted',
    reason: 'as foreseen (predicted: it was not seen behind it)',
  })
  expect(lossOf(undefined, undefined)).toBeUndefined()
})
