import { readFileSync } from 'node:fs'
import { readFacts } from '../../src/command/facts.ts'
import { readChoice } from '../../src/command/option-values.ts'
import { Options } from '../../src/command/options.ts'
import type { Command, Context } from '../../src/command.ts'
import { parseFaults } from '../../src/driver/plugin/fault.ts'
import { PLUGIN_METHODS } from '../../src/driver/plugin/methods.ts'
import type { TlsListener } from '../../src/driver/plugin/plugin-server.ts'
import { DRIVER_NAMES, serveDriver } from '../../src/driver/serve.ts'
import { messageOf, TsnetError } from '../../src/errors.ts'
import { discoverNamespaces } from '../../src/kernel/namespaces.ts'

const DEFAULT_SOCKET = '/run/docker/plugins/tsnet.sock'
const DEFAULT_STATE = '/var/lib/tsnet-shoot/driver'
const LAYOUTS = ['docker20', 'docker28'] as const
const BACKENDS = ['iptables', 'nft'] as const

export const DRIVER_SERVE_COMMAND: Command = {
  name: 'driver serve',
  summary: 'Serves networks and addresses to a Docker Engine, as a plugin of protocol v1.',
  details: [
    'It changes the network of this host: bridges, links, packet filter rules, addresses in the engine’s sandboxes. All',
    'of it is tagged tsnet:driver and goes with the networks that it was made for. Ending the plugin leaves networks and',
    'containers as they are; when it is started again it takes them over.',
  ],
  positionals: [],
  options: [
    { name: 'socket', argument: 'PATH', completes: 'file', summary: `where to listen (${DEFAULT_SOCKET})` },
    { name: 'state', argument: 'FOLDER', completes: 'file', summary: `what is kept over a restart (${DEFAULT_STATE})` },
    { name: 'tcp', argument: 'HOST:PORT', summary: 'listen on TCP instead, for clients with a certificate' },
    { name: 'tls-cert', argument: 'FILE', completes: 'file', summary: 'certificate of the plugin, PEM' },
    { name: 'tls-key', argument: 'FILE', completes: 'file', summary: 'its key, PEM' },
    { name: 'tls-ca', argument: 'FILE', completes: 'file', summary: 'authority of the clients, PEM' },
    {
      name: 'driver',
      argument: 'NAME',
      values: DRIVER_NAMES,
      summary: 'of networks without -o tsnet.driver=NAME (bridge)',
    },
    {
      name: 'layout',
      argument: 'LAYOUT',
      values: LAYOUTS,
      summary: 'rules as of Docker 20.10 to 27, or 28 (docker28)',
    },
    { name: 'backend', argument: 'TOOL', values: BACKENDS, summary: 'where the rules are put (iptables)' },
    { name: 'no-userland-proxy', summary: 'publish ports by rules alone' },
    {
      name: 'netns',
      short: 'n',
      argument: 'SELECTOR',
      completes: 'selector',
      summary: 'the namespace to build in, as for other commands, or its path (this one)',
    },
    {
      name: 'fault',
      argument: 'METHOD=FAULT',
      many: true,
      summary: 'be sick, to test an engine: delay:MS, error:TEXT, hang or garbage; METHOD may be * (repeatable)',
    },
  ],
  examples: [
    ['driver serve', 'then: docker network create -d tsnet mynet'],
    ['driver serve --driver macvlan', 'networks are macvlan unless they say -o tsnet.driver=bridge'],
    ['driver serve --fault NetworkDriver.Join=delay:5000', 'what does an engine do with a slow plugin?'],
  ],
  async run(context) {
    const { options, output } = context
    const tls = readTls(options)
    const socket = options.text('socket') ?? (tls === undefined ? DEFAULT_SOCKET : undefined)
    const stop = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort())
    const path = await namespacePath(context)
    const running = await serveDriver({
      ...(socket === undefined ? {} : { socket }),
      ...(tls === undefined ? {} : { tls }),
      ...(path === undefined ? {} : { namespacePath: path }),
      stateFolder: options.text('state') ?? DEFAULT_STATE,
      defaultDriver: readChoice(options, 'driver', DRIVER_NAMES) ?? 'bridge',
      layout: readChoice(options, 'layout', LAYOUTS) ?? 'docker28',
      backend: readChoice(options, 'backend', BACKENDS) ?? 'iptables',
      hasUserlandProxy: !options.has('no-userland-proxy'),
      faults: parseFaults(options.list('fault'), ['Plugin.Activate', ...PLUGIN_METHODS.keys()]),
      log: (line) => output.note(line),
    })
    output.note(`tsnet-shoot driver: listening on ${running.addresses.join(' and ')}`)
    await aborted(stop.signal)
    await running.close()
    return 0
  },
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function readTls(options: Options): TlsListener | undefined {
  const at = options.text('tcp')
  if (at === undefined) return undefined
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(at) ?? []
  if (host === '' || Number(port) > 65_535) throw new TsnetError('usage', `--tcp ${at}: HOST:PORT is expected`)
  const file = (name: string) => {
    const path = options.text(name)
    if (path !== undefined) return readText(path)
    throw new TsnetError('usage', `--tcp ${at}: --${name} is missing`, {
      hint: 'who may call the plugin rules the network of this host: TCP needs --tls-cert, --tls-key and --tls-ca',
    })
  }
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    certificate: file('tls-cert'),
    key: file('tls-key'),
    authority: file('tls-ca'),
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TsnetError('input', `${path}: ${messageOf(cause)}`, { cause })
  }
}

async function namespacePath({ options }: Pick<Context, 'options'>): Promise<string | undefined> {
  const selector = options.text('netns')
  if (selector === undefined || selector.startsWith('/')) return selector
  const { namespaces } = await readFacts({ options: new Options(new Map([['netns', [selector]]])) }, { kinds: [] })
  const inode = namespaces[0]?.inode
  const path = discoverNamespaces().namespaces.find((each) => each.inode === inode)?.paths[0]
  if (path === undefined) throw new TsnetError('vanished', `namespace ${selector}: it is gone`)
  return path
}
