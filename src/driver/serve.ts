import { mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { messageOf, TsnetError } from '../errors.ts'
import { requireCapabilities } from '../kernel/capabilities.ts'
import { NativeIpam } from './ipam/native-ipam.ts'
import { NetworkHost } from './network-host.ts'
import { ChosenDriver } from './plugin/chosen-driver.ts'
import type { Faults } from './plugin/fault.ts'
import { removeLeftovers } from './plugin/leftovers.ts'
import { DRIVER_NAMES, type DriverName, openNetworkDrivers, PLUGIN_TAG } from './plugin/network-drivers.ts'
import { PluginServer, type TlsListener } from './plugin/plugin-server.ts'
import { listenOnSocket } from './plugin/unix-socket.ts'

export { DRIVER_NAMES }

export interface ServeOptions {
  /** Path of the unix socket to listen on. */
  readonly socket?: string
  readonly tls?: TlsListener
  /** What is kept over a restart; of one plugin alone. */
  readonly stateFolder: string
  /** Of networks that do not say. */
  readonly defaultDriver: DriverName
  /** Whose rules: 20.10 to 27, or 28. */
  readonly layout: 'docker20' | 'docker28'
  readonly backend: 'iptables' | 'nft'
  readonly hasUserlandProxy: boolean
  /** Path of the namespace to build in; default our own. */
  readonly namespacePath?: string
  readonly faults: Faults
  readonly log: (line: string) => void
}

export interface RunningPlugin {
  /** For people. */
  readonly addresses: readonly string[]
  /** Takes no more calls. Networks and endpoints stay as they are. */
  close(): Promise<void>
}

/**
 * Serves our drivers to a Docker Engine: adopts what an earlier plugin with the same state made, puts back what is
 * missing of it, and listens.
 *
 * @throws TsnetError `privilege`, or `failed` when another plugin uses the socket or the state
 */
export async function serveDriver(options: ServeOptions): Promise<RunningPlugin> {
  const { stateFolder, log } = options
  requireCapabilities('driver serve', ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'])
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 })
  const closing: (() => void | Promise<void>)[] = []
  const close = async () => {
    for (const each of closing.splice(0).reverse()) await each()
  }
  try {
    closing.push(await claimState(stateFolder))
    const host = NetworkHost.open(options.namespacePath)
    closing.push(() => host.close())
    closing.push(await claimNamespace(host))
    const drivers = openNetworkDrivers(host, options)
    closing.push(() => drivers.close())
    const network = new ChosenDriver({
      drivers: drivers.byName,
      defaultName: options.defaultDriver,
      stateFolder: join(stateFolder, 'networks'),
    })
    await drivers.restore()
    const removed = await removeLeftovers(host, PLUGIN_TAG, {
      hasNetwork: (id) => network.hasNetwork(id),
      hasEndpoint: (id) => network.hasEndpoint(id),
    })
    if (removed.length > 0) log(`removed what nobody knows any more: ${removed.join(', ')}`)
    const ipam = new NativeIpam({ stateFolder: join(stateFolder, 'ipam') })
    const server = new PluginServer({
      drivers: { network, ipam },
      faults: options.faults,
      log,
      // an engine that has just started has put its own rules before ours
      onActivate: () => drivers.restore(),
    })
    closing.push(() => server.close())
    return { addresses: await listen(server, options), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Two plugins with one state would undo each other's work. */
async function claimState(stateFolder: string): Promise<() => Promise<void>> {
  const server = createServer((connection) => connection.destroy())
  await listenOnSocket(server, join(stateFolder, 'in-use.sock'))
  return () => closeServer(server)
}

/** An abstract socket: its name is free again when the process is gone, however it went, and is of that namespace. */
const NAMESPACE_CLAIM = '\0tsnet-shoot-driver'

/** Two plugins in one namespace would take each other's links and rules for their own. */
function claimNamespace(host: NetworkHost): Promise<() => Promise<void>> {
  const server = createServer((connection) => connection.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new TsnetError('failed', `namespace ${host.path}: another driver serves it (${messageOf(cause)})`, { cause }),
      )
    })
    server.once('listening', () => resolve(() => closeServer(server)))
    host.inside(() => server.listen(NAMESPACE_CLAIM))
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

async function listen(server: PluginServer, { socket, tls }: ServeOptions): Promise<string[]> {
  const addresses: string[] = []
  if (socket !== undefined) {
    await server.listen(socket)
    addresses.push(socket)
  }
  if (tls !== undefined) addresses.push(`https://${tls.host}:${await server.listenTls(tls)}`)
  return addresses
}
