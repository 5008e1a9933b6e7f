import { join } from 'node:path'
import { TsnetError } from '../../errors.ts'
import type { Endpoint, Network, Sandbox } from '../model.ts'
import { ObjectStore } from '../object-store.ts'
import { STORED_ENDPOINT, STORED_NETWORK, STORED_SANDBOX } from './stored-schemas.ts'

/** Docker shows this many digits of an id; fewer are taken too, as long as they mean one object. */
const HEX_ID = /^[0-9a-z]+$/

/** What a controller knows, each object in a file of its own. */
export class ControllerState {
  readonly networks: ObjectStore<Network>
  readonly sandboxes: ObjectStore<Sandbox>
  readonly endpoints: ObjectStore<Endpoint>

  /** @throws TsnetError `input` for a file that cannot be understood */
  constructor(folder: string) {
    this.networks = new ObjectStore(join(folder, 'networks'), STORED_NETWORK)
    this.sandboxes = new ObjectStore(join(folder, 'sandboxes'), STORED_SANDBOX)
    this.endpoints = new ObjectStore(join(folder, 'endpoints'), STORED_ENDPOINT)
  }

  /** @throws TsnetError `usage` when there is none, or more than one id begins so */
  network(nameOrId: string): Network {
    return find('network', this.networks, nameOrId)
  }

  sandbox(nameOrId: string): Sandbox {
    return find('sandbox', this.sandboxes, nameOrId)
  }

  endpointsOf(sandboxId: string): Endpoint[] {
    return [...this.endpoints.all().values()].filter(({ sandbox }) => sandbox === sandboxId)
  }

  endpointsIn(networkId: string): Endpoint[] {
    return [...this.endpoints.all().values()].filter(({ network }) => network === networkId)
  }

  hasNetworkNamed(name: string): boolean {
    return hasName(this.networks, name)
  }

  hasSandboxNamed(name: string): boolean {
    return hasName(this.sandboxes, name)
  }
}

interface Named {
  readonly id: string
  readonly name: string
}

function hasName(store: ObjectStore<Named>, name: string): boolean {
  return [...store.all().values()].some((object) => object.name === name)
}

function find<T extends Named>(what: string, store: ObjectStore<T>, nameOrId: string): T {
  const byId = store.get(nameOrId)
  if (byId) return byId
  const objects = [...store.all().values()]
  const byName = objects.find(({ name }) => name === nameOrId)
  if (byName) return byName
  const byPrefix = HEX_ID.test(nameOrId) ? objects.filter(({ id }) => id.startsWith(nameOrId)) : []
  const [only] = byPrefix
  if (only && byPrefix.length === 1) return only
  const reason = byPrefix.length > 1 ? `${byPrefix.length} have an id that begins so` : 'not found'
  throw new TsnetError('usage', `${what} ${nameOrId}: ${reason}`)
}
