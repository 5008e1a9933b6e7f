import type { NetworkDriver } from '../../../../src/driver/network-driver.ts'

export type DriverMethod = Exclude<keyof NetworkDriver, 'name'>

export interface Fault {
  readonly method: DriverMethod
  /** Before the driver does it, after it has, or after with an answer that no engine takes. */
  readonly when: 'before' | 'after' | 'bad answer'
}

const BAD_ANSWERS: Partial<Record<DriverMethod, object>> = {
  createEndpoint: { mac: '02:00:00:00:00:01', address: '192.0.2.1/24', addressIpv6: '2001:db8::1/64' },
  join: { interfaceName: { source: 'nosuchlink', prefix: 'eth' }, routes: [], disableGatewayService: false },
}

/** A driver that works, until it is told to fail. */
export class FaultyDriver {
  readonly name = 'faulty'
  readonly #driver: NetworkDriver
  #fault: Fault | undefined

  constructor(driver: NetworkDriver) {
    this.#driver = driver
  }

  failAt(fault: Fault | undefined): void {
    this.#fault = fault
  }

  /** As a NetworkDriver: each method goes to the driver, and fails when it is the one. */
  get asDriver(): NetworkDriver {
    const call = async (method: DriverMethod, args: unknown[]): Promise<unknown> => {
      const fault = this.#fault?.method === method ? this.#fault : undefined
      if (fault?.when === 'before') throw new Error(`${method} fails on purpose`)
      const run = this.#driver[method] as (...args: unknown[]) => Promise<unknown>
      const result = await run.apply(this.#driver, args)
      if (fault === undefined) return result
      if (fault.when === 'bad answer') return BAD_ANSWERS[method]
      throw new Error(`${method} fails on purpose`)
    }
    return new Proxy({ name: this.name } as NetworkDriver, {
      get: (target, property) => {
        if (property === 'name') return target.name
        if (this.#driver[property as DriverMethod] === undefined) return undefined
        return (...args: unknown[]) => call(property as DriverMethod, args)
      },
    })
  }
}
