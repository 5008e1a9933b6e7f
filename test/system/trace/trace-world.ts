import type { Journey } from '../../../src/model/journey.ts'
import { failedLeg } from '../../../src/model/journey-legs.ts'
import type { Trace } from '../../../src/model/trace.ts'
import { builtProgram, bundleProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'
import { type Agent, agentOf } from '../flow/agents.ts'
import { DOCKER_HOST, type Links, makeLinks, publish } from '../flow/docker-host.ts'

/** A host as Docker would have it; and `a` and `b` with a `router` between them, which has a second cable to `a`. */
const LINKS: Links = {
  ...DOCKER_HOST,
  web: [...DOCKER_HOST.web, 'addr add fd19::3/64 dev eth0 nodad'],
  db: [...DOCKER_HOST.db, 'addr add fd19::2/64 dev eth0 nodad'],
  router: [
    'link add toa type veth peer name eth0 netns a',
    'link add tob type veth peer name eth0 netns b',
    'link add second type veth peer name eth1 netns a',
    'link set toa up',
    'link set tob up',
    'link set second up',
    'addr add 10.1.0.1/24 dev toa',
    'addr add 10.2.0.1/24 dev tob',
    'addr add 10.3.0.1/24 dev second',
  ],
  a: [
    'link set eth0 up',
    'link set eth1 up',
    'addr add 10.1.0.2/24 dev eth0',
    'addr add 10.3.0.2/24 dev eth1',
    'route add default via 10.1.0.1',
  ],
  b: ['link set eth0 up', 'addr add 10.2.0.2/24 dev eth0', 'route add default via 10.2.0.1'],
}
export interface TraceWorld {
  readonly world: World
  readonly program: string
  /** `tsnet-shoot trace … --json`. */
  trace(...words: string[]): Promise<Trace>
  /** Runs `undo` afterwards, whatever happens. */
  sick<T>(namespace: string, fault: string, undo: string, action: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

export async function openTraceWorld(): Promise<TraceWorld> {
  const program = await builtProgram()
  const agent = await bundleProgram('test/system/flow/agent.ts')
  const world = await openWorld()
  const agents: Agent[] = []
  await makeLinks(world, LINKS)
  for (const name of ['web', 'db', 'b']) {
    agents.push(await agentOf(world.start(process.execPath, [agent], { namespace: name, stdio: 'pipe' }), name))
  }
  await publish(world)
  await world.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1'], { namespace: 'router' })
  const json = async <T>(words: readonly string[]): Promise<T> => {
    const { stdout, stderr } = await world.tryRun(process.execPath, [program, ...words, '--json'])
    if (stdout === '') throw new Error(`${words.join(' ')}: ${stderr}`)
    return JSON.parse(stdout) as T
  }
  const shell = (namespace: string, command: string) => world.run('sh', ['-c', command], { namespace })
  return {
    world,
    program,
    trace: (...words) => json<Trace>(['trace', ...words, ...(words.includes('--timeout') ? [] : ['--timeout', '0.6'])]),
    sick: async (namespace, fault, undo, action) => {
      await shell(namespace, fault)
      try {
        return await action()
      } finally {
        await shell(namespace, undo)
      }
    },
    close: async () => {
      for (const each of agents) await each.close()
      await world.close()
    },
  }
}

/** What stops a journey, in a form that two of them can be compared by. */
export function stopOf(journey: Journey) {
  const failed = failedLeg(journey)
  if (failed === undefined) return 'arrives and is answered'
  const { kind, name, table, chain, position, sysctl } = failed.leg.where ?? {}
  return { leg: failed.name, verdict: failed.leg.verdict, kind, name, table, chain, position, sysctl }
}
