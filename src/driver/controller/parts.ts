import { randomBytes } from 'node:crypto'
import { TsnetError } from '../../errors.ts'
import type { ControllerOptions } from '../model.ts'
import type { NetworkDriver } from '../network-driver.ts'
import type { ControllerState } from './controller-state.ts'
import type { IpamCalls } from './ipam-calls.ts'
import type { KeyedMutex } from './keyed-mutex.ts'
import type { LinkRemoval } from './link-removal.ts'
import type { RetiredAddresses } from './retired-addresses.ts'

/** What the parts of a controller work with. */
export interface ControllerParts {
  readonly options: ControllerOptions
  readonly state: ControllerState
  /** By object: `sandbox ID`, `network ID`. */
  readonly mutex: KeyedMutex
  readonly ipams: IpamCalls
  readonly links: LinkRemoval
  readonly retired: RetiredAddresses
}

/** In Docker the driver of the network `none` is called null. */
const SAME_DRIVERS: Readonly<Record<string, string>> = { null: 'none' }

/** @throws TsnetError `usage` when there is none */
export function driverNamed({ options }: ControllerParts, name: string): NetworkDriver {
  const wanted = SAME_DRIVERS[name] ?? name
  const found = options.drivers.find((driver) => driver.name === wanted)
  if (found) return found
  throw new TsnetError('usage', `network driver ${name}: not known`, {
    hint: `known: ${options.drivers.map((driver) => driver.name).join(', ')}`,
  })
}

/** 64 hex digits, as Docker has them. */
export function newId(): string {
  return randomBytes(32).toString('hex')
}

/** Docker's rule for names of containers; ours are in paths, DNS names and link aliases too. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** @throws TsnetError `usage` */
export function checkName(what: string, name: string): void {
  if (NAME.test(name)) return
  throw new TsnetError('usage', `invalid ${what} name (${name}): only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`)
}

const ID = /^([0-9a-f]{64}|[0-9a-z]{25})$/

/** @throws TsnetError `usage` */
export function checkId(what: string, id: string): void {
  if (ID.test(id)) return
  throw new TsnetError('usage', `invalid ${what} id (${id}): 64 hex digits, or 25 of [a-z0-9] in a swarm`)
}
