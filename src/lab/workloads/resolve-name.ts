import { basename } from 'node:path'
import type { NetworkHost } from '../../driver/network-host.ts'
import { TsnetError } from '../../errors.ts'
import { readResolver, resolveName as resolveInside } from '../../measure/resolve-name.ts'

const SERVER_TIMEOUT_MS = 2000

/**
 * Addresses of a name as a program in the sandbox finds them, IPv4 first.
 *
 * @throws TsnetError `failed` that says who was asked and what came
 */
export async function resolveName(sandbox: NetworkHost, name: string): Promise<readonly string[]> {
  const resolver = readResolver({ names: [basename(sandbox.path)], pids: [] })
  const resolved = await resolveInside(sandbox, name, { resolver, timeoutMs: SERVER_TIMEOUT_MS })
  if (resolved.ok) return resolved.addresses
  throw new TsnetError('failed', resolved.detail)
}
