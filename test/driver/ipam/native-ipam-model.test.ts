import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ADDRESS_TYPE_OPTION,
  GATEWAY_OPTION,
  type IpamDriver,
  SERIAL_OPTION,
} from '../../../src/driver/ipam/ipam-driver.ts'
import { NativeIpam } from '../../../src/driver/ipam/native-ipam.ts'

/** The last bytes of 10.1.0.0/28; the sub-pool is .4 to .7. */
const LAST = 15
const POOL = '10.1.0.0/28'
const SUB_POOL = '10.1.0.4/30'

/** What an IPAM driver should do, in the plainest words. */
class Model {
  whole = 0
  part = 0
  taken = new Map<number, { gateways: number }>()
  lastSerial = -1

  get isHeld(): boolean {
    return this.whole + this.part > 0
  }

  /** @returns the last byte, or undefined for an error */
  take(part: boolean, wanted: number | undefined, serial: boolean, gateway: boolean): number | undefined {
    if ((part ? this.part : this.whole) === 0) return undefined
    if (wanted === undefined) return this.takeAny(part, serial, gateway)
    const holder = this.taken.get(wanted)
    if (gateway && holder !== undefined && holder.gateways > 0) {
      holder.gateways++
      return wanted
    }
    if (!this.isFree(wanted)) return undefined
    this.taken.set(wanted, { gateways: Number(gateway) })
    return wanted
  }

  takeAny(part: boolean, serial: boolean, gateway: boolean): number | undefined {
    const range = Array.from({ length: LAST + 1 }, (_, at) => at).filter((at) => !part || (at >= 4 && at <= 7))
    const ordered = serial
      ? [...range.filter((at) => at > this.lastSerial), ...range.filter((at) => at <= this.lastSerial)]
      : range
    const free = ordered.find((at) => this.isFree(at))
    if (free === undefined) return undefined
    this.taken.set(free, { gateways: Number(gateway) })
    if (serial) this.lastSerial = free
    return free
  }

  isFree(at: number): boolean {
    return at > 0 && at < LAST && !this.taken.has(at)
  }

  release(at: number): void {
    const holder = this.taken.get(at)
    if (holder === undefined) return
    holder.gateways--
    if (holder.gateways <= 0) this.taken.delete(at)
  }

  drop(part: boolean): void {
    if (part) this.part = Math.max(0, this.part - 1)
    else this.whole = Math.max(0, this.whole - 1)
    if (this.isHeld) return
    this.taken.clear()
    this.lastSerial = -1
  }
}

type Step =
  | { kind: 'pool'; part: boolean }
  | { kind: 'drop'; part: boolean }
  | { kind: 'take'; part: boolean; at: number | undefined; serial: boolean; gateway: boolean }
  | { kind: 'release'; part: boolean; at: number }
  | { kind: 'restart' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pool' as const), part: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), part: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      part: fc.boolean(),
      at: fc.option(fc.integer({ min: 0, max: LAST }), { nil: undefined, freq: 2 }),
      serial: fc.boolean(),
      gateway: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      part: fc.boolean(),
      at: fc.integer({ min: 0, max: LAST }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
)

const idOf = (part: boolean) => `LocalDefault/${POOL}${part ? `/${SUB_POOL}` : ''}`

async function takeOf(ipam: IpamDriver, wish: Extract<Step, { kind: 'take' }>): Promise<number | undefined> {
  const options = {
    ...(wish.serial ? { [SERIAL_OPTION]: 'true' } : {}),
    ...(wish.gateway ? { [ADDRESS_TYPE_OPTION]: GATEWAY_OPTION } : {}),
  }
  const address = wish.at === undefined ? {} : { address: `10.1.0.${wish.at}` }
  try {
    const given = await ipam.requestAddress({ poolId: idOf(wish.part), options, ...address })
    return Number(/^10\.1\.0\.(\d+)\/28$/.exec(given.address)?.[1])
  } catch {
    return undefined
  }
}

async function applyBoth(model: Model, ipam: IpamDriver, one: Exclude<Step, { kind: 'restart' }>): Promise<void> {
  const { part } = one
  if (one.kind === 'pool') {
    model[part ? 'part' : 'whole']++
    const request = { addressSpace: 'LocalDefault', pool: POOL, options: {}, v6: false }
    expect((await ipam.requestPool(part ? { ...request, subPool: SUB_POOL } : request)).id).toBe(idOf(part))
  } else if (one.kind === 'drop') {
    model.drop(part)
    await ipam.releasePool(idOf(part))
  } else if (one.kind === 'take') {
    expect(await takeOf(ipam, one)).toBe(model.take(part, one.at, one.serial, one.gateway))
  } else {
    if ((part ? model.part : model.whole) > 0) model.release(one.at)
    await ipam.releaseAddress(idOf(part), `10.1.0.${one.at}`)
  }
}

test('whatever is asked, in whatever order, with restarts between, the answers are those of the plain model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const stateFolder = mkdtempSync(join(tmpdir(), 'tsnet-ipam-'))
      try {
        const model = new Model()
        let ipam = new NativeIpam({ stateFolder })
        for (const one of steps) {
          if (one.kind === 'restart') ipam = new NativeIpam({ stateFolder })
          else await applyBoth(model, ipam, one)
        }
      } finally {
        rmSync(stateFolder, { recursive: true })
      }
    }),
    { numRuns: 300 },
  )
})
