import { TsnetError } from '../../errors.ts'
import { findPlugin, PLUGIN_FOLDERS, type PluginFolders } from './discovery.ts'
import { PluginClient, type PluginClientOptions } from './plugin-client.ts'
import { ENGINE_TIMING, retry } from './retry.ts'
import { wireManifest } from './wire.ts'

export interface RemoteOptions extends PluginClientOptions {
  readonly folders?: PluginFolders
}

/** What `Implements` calls it. */
export type PluginKind = 'NetworkDriver' | 'IpamDriver'

/**
 * Finds a plugin by its name, its socket's path or its URL, and activates it. Waits for one that is not there yet as
 * long as an engine does.
 *
 * @throws TsnetError `failed` when there is none, it cannot be reached, or it is of another kind
 */
export async function openPlugin(
  nameOrAddress: string,
  kind: PluginKind,
  options: RemoteOptions,
): Promise<PluginClient> {
  const { timing = ENGINE_TIMING, folders = PLUGIN_FOLDERS } = options
  const missing = new TsnetError('failed', `plugin ${nameOrAddress}: not found`, {
    hint: `looked for a socket in ${folders.sockets}, a .spec or .json file in ${folders.specs.join(' and ')}`,
  })
  const find = async () => {
    const found = findPlugin(nameOrAddress, folders)
    if (found === undefined) throw missing
    return found
  }
  const address = await retry(find, { isPassing: (error) => error === missing, timing })
  const client = new PluginClient(address, options)
  const { Implements } = await client.call('Plugin.Activate', wireManifest)
  if (Implements.includes(kind)) return client
  throw new TsnetError('failed', `plugin ${nameOrAddress}: Plugin does not implement the requested driver (${kind})`)
}
