import { messageOf, TsnetError } from '../../errors.ts'
import type { Sandbox, SandboxRequest } from '../model.ts'
import {
  isEmptyFileAt,
  isNamespaceAt,
  makeSandboxNamespace,
  markOf,
  removeSandboxNamespace,
  sandboxAlias,
  shareHostNamespace,
} from '../sandbox/sandbox-namespace.ts'
import { transaction } from '../undo.ts'
import type { EndpointLifecycle } from './endpoint-lifecycle.ts'
import { type ControllerParts, checkId, checkName, newId } from './parts.ts'

const SHORT_ID_DIGITS = 12

/** Makes and removes sandboxes, with all that is connected to them. */
export class SandboxLifecycle {
  readonly #parts: ControllerParts
  readonly #endpoints: EndpointLifecycle

  constructor(parts: ControllerParts, endpoints: EndpointLifecycle) {
    this.#parts = parts
    this.#endpoints = endpoints
  }

  async create(request: SandboxRequest): Promise<Sandbox> {
    const { state, options } = this.#parts
    const sandbox = newSandbox(request, options.sandboxPath(request.name))
    this.#checkNew(sandbox)
    return transaction(async (undo) => {
      state.sandboxes.put(sandbox.id, sandbox)
      undo.add(`state of sandbox ${sandbox.name}`, () => state.sandboxes.delete(sandbox.id))
      const inode = this.#makeNamespace(sandbox)
      undo.add(`namespace ${sandbox.path}`, () => removeSandboxNamespace(sandbox.path))
      const ready: Sandbox = { ...sandbox, inode, state: 'ready' }
      state.sandboxes.put(sandbox.id, ready)
      return ready
    })
  }

  /** Ends all its connections as well. What fails does not keep the rest; the next call tries it again. */
  async remove(nameOrId: string): Promise<void> {
    const { state, mutex } = this.#parts
    const { id } = state.sandbox(nameOrId)
    await mutex.run(`sandbox ${id}`, async () => {
      const sandbox: Sandbox = { ...state.sandbox(id), state: 'removing' }
      state.sandboxes.put(id, sandbox)
      await this.unmake(sandbox)
    })
  }

  /** Takes away what there is of a sandbox. Repeating it is no error. */
  async unmake(sandbox: Sandbox): Promise<void> {
    const { state } = this.#parts
    const endpoints = state.endpointsOf(sandbox.id)
    const results = await Promise.allSettled(endpoints.map((endpoint) => this.#endpoints.leaveDying(endpoint)))
    this.#removeNamespace(sandbox)
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    if (failures.length > 0) {
      const reasons = failures.map(messageOf).join('; ')
      throw new TsnetError('failed', `remove sandbox ${sandbox.name}: ${reasons}`, { cause: failures[0] })
    }
    state.sandboxes.delete(sandbox.id)
  }

  /** Only what was made for it: after a crash, or by another hand, something else may be at its path. */
  #removeNamespace(sandbox: Sandbox): void {
    const { id, path, inode, hostNamespace } = sandbox
    const { host, tag } = this.#parts.options
    const isOurs = hostNamespace
      ? isNamespaceAt(path, inode === 0 ? host.inode : inode)
      : markOf(path) === sandboxAlias(tag, id, host.inode) || isNamespaceAt(path, inode)
    if (isOurs || isEmptyFileAt(path)) removeSandboxNamespace(path)
  }

  #makeNamespace({ id, path, sysctls, hostNamespace }: Sandbox): number {
    const { host, tag } = this.#parts.options
    if (hostNamespace) return shareHostNamespace(path, host)
    return makeSandboxNamespace({ path, sysctls, alias: sandboxAlias(tag, id, host.inode) })
  }

  #checkNew({ id, name, hostNamespace, sysctls }: Sandbox): void {
    const { state } = this.#parts
    checkName('sandbox', name)
    checkId('sandbox', id)
    if (state.hasSandboxNamed(name)) throw new TsnetError('usage', `sandbox name ${name} is already in use`)
    if (state.sandboxes.get(id)) throw new TsnetError('usage', `sandbox id ${id} is already in use`)
    if (hostNamespace && Object.keys(sysctls).length > 0) {
      throw new TsnetError('usage', `sandbox ${name}: sysctls of the host's namespace are not a sandbox's to set`)
    }
  }
}

function newSandbox(request: SandboxRequest, path: string): Sandbox {
  const id = request.id ?? newId()
  const { name, dns = {}, sysctls = {}, hostNamespace = false } = request
  return {
    id,
    name,
    hostname: request.hostname ?? id.slice(0, SHORT_ID_DIGITS),
    path,
    inode: 0,
    state: 'creating',
    hostNamespace,
    dns: { servers: dns.servers ?? [], search: dns.search ?? [], options: dns.options ?? [] },
    sysctls,
  }
}
