import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { predict } from '../../src/flow/predict.ts'
import { World } from '../../src/flow/world.ts'
import type { Examination } from '../../src/model/finding.ts'
import type { HostSnapshot, IpvsService, NamespaceIdentity } from '../../src/model/snapshot.ts'
import type { Trace } from '../../src/model/trace.ts'
import { bundleProgram } from '../helpers/netns-program.ts'
import { listLines, listLinesOf } from '../helpers/vm/ipvsadm.ts'
import { runInVm } from '../helpers/vm/run-in-vm.ts'
import { agreementOf, describeDifference } from '../system/flow/judge.ts'
import type { Tried } from './guest/try-pairs.ts'

const SCRIPT = fileURLToPath(new URL('guest/swarm.sh', import.meta.url))
const MODULES = ['ip_vs', 'ip_vs_rr', 'xt_ipvs', 'br_netfilter', 'vxlan', 'veth', 'esp4', 'xfrm_user']

type ServiceRow = IpvsService & { readonly namespace: { readonly inode: number } }

let output: (section: string) => string
let namespaces: readonly NamespaceIdentity[]
let services: readonly ServiceRow[]
let snapshot: HostSnapshot
/** Name of Docker's nsfs file → inode. */
let sandboxes: ReadonlyMap<string, number>
/** Name → network id. */
let networks: ReadonlyMap<string, string>

beforeAll(async () => {
  const {
    sections,
    status,
    output: console,
  } = await runInVm(SCRIPT, {
    modules: MODULES,
    timeoutMs: 840_000,
    memoryMb: 2048,
    clockByInstructions: true,
    environment: { tsnet_try_pairs: await bundleProgram('test/vm/guest/try-pairs.ts') },
  })
  expect(status, console).toBe(0)
  output = (name) => {
    const section = sections.get(name)
    expect(section?.status, `${name}: ${sections.get(`${name}.stderr`)?.output ?? 'no error text'}`).toBe(0)
    return section?.output ?? ''
  }
  namespaces = JSON.parse(output('ns'))
  services = JSON.parse(output('show-ipvs'))
  snapshot = JSON.parse(output('snapshot'))
  sandboxes = new Map(lines('sandboxes').map(([path = '', inode]) => [path.split('/').at(-1) ?? '', Number(inode)]))
  networks = new Map(lines('docker-networks').map(([name = '', id = '']) => [name, id]))
}, 900_000)

function lines(section: string): string[][] {
  return output(section)
    .split('\n')
    .map((line) => line.split(' '))
}

function ownerOf(sandbox: string) {
  const inode = sandboxes.get(sandbox)
  return namespaces.find((namespace) => namespace.inode === inode)?.owner
}

const shortId = (network: string) => networks.get(network)?.slice(0, 10) ?? ''
const loadBalancer = (network: string) => `lb_${shortId(network).slice(0, 9)}`

test('the service of the swarm answers through the ingress mesh', () => {
  expect(output('answer')).toBe('answer from the service')
})

describe('ns --json', () => {
  test('knows every sandbox that Docker keeps', () => {
    const inodes = namespaces.map(({ inode }) => inode)
    expect(sandboxes.size).toBe(26)
    expect(inodes).toEqual(expect.arrayContaining([...sandboxes.values()]))
  })

  test('names every container and task with its pid', () => {
    for (const [id = '', name, pid] of lines('docker-containers')) {
      const namespace = namespaces.find(({ pids }) => pids.includes(Number(pid)))
      expect(namespace?.owner).toMatchObject({ kind: 'docker', name, containerId: id })
    }
    expect(lines('docker-containers')).toHaveLength(20)
  })

  test('names the ingress sandbox', () => {
    expect(ownerOf('ingress_sbox')).toMatchObject({ kind: 'docker-sandbox', sandbox: 'ingress' })
  })

  test.each(['app', 'secret'])('names the load balancer of the network %s', (network) => {
    expect(ownerOf(loadBalancer(network))).toMatchObject({
      kind: 'docker-sandbox',
      sandbox: 'load-balancer',
      networkId: networks.get(network),
      networkName: network,
    })
  })

  test.each(['app', 'secret', 'ingress'])('names the overlay sandbox of the network %s', (network) => {
    expect(ownerOf(`1-${shortId(network)}`)).toMatchObject({
      kind: 'docker-sandbox',
      sandbox: 'overlay',
      networkId: networks.get(network),
      networkName: network,
    })
  })
})

describe('show ipvs --json', () => {
  test.each(['ingress_sbox', 'the load balancer of app'])('equals ipvsadm -Ln in %s', (where) => {
    const sandbox = where === 'ingress_sbox' ? where : loadBalancer('app')
    const ours = services.filter(({ namespace }) => namespace.inode === sandboxes.get(sandbox))
    expect(listLinesOf(ours)).toEqual(listLines(output(`ipvsadm:${sandbox}`)))
    expect(ours.flatMap(({ destinations }) => destinations)).toHaveLength(2)
  })

  test('has nothing that ipvsadm does not list in another sandbox', () => {
    for (const [sandbox, inode] of sandboxes) {
      const ours = services.filter(({ namespace }) => namespace.inode === inode)
      expect(listLinesOf(ours), sandbox).toEqual(listLines(output(`ipvsadm:${sandbox}`)))
    }
  })
})

describe('the snapshot', () => {
  test('says which tasks belong to the service', () => {
    const tasks = snapshot.containers.filter(({ swarm }) => swarm?.service === 'web')
    expect(tasks.map(({ swarm }) => swarm?.taskId).sort()).toEqual(lines('docker-tasks').flat().sort())
  })

  test('says that secret is encrypted, and app is not', () => {
    const encrypted = snapshot.networks.filter((network) => network.encrypted).map(({ name }) => name)
    expect(encrypted).toEqual(['secret'])
  })

  test('says which VXLAN network an overlay has', () => {
    const inode = sandboxes.get(`1-${shortId('app')}`)
    const links = snapshot.namespaces.find((namespace) => namespace.inode === inode)?.links ?? []
    const vnis = links.flatMap(({ vxlan }) => (vxlan === undefined ? [] : [String(vxlan.vni)]))
    expect(vnis).toEqual([output('vni-of-app')])
    expect(snapshot.networks.find(({ name }) => name === 'app')?.vnis?.map(String)).toEqual(vnis)
  })

  test('hides nothing', () => {
    expect(snapshot.hidden).toEqual([])
  })
})

test('the doctor finds nothing wrong with it, and predicts a journey to each service', () => {
  const { findings, unchecked, predicted }: Examination = JSON.parse(output('doctor'))
  expect(findings).toEqual([])
  expect(unchecked).toEqual([])
  expect(Number.parseInt(predicted ?? '', 10)).toBeGreaterThan(100)
})

describe('every pair of namespaces and addresses, and every published port', () => {
  function judged() {
    const world = new World({ snapshots: [snapshot] })
    const { targets, results }: Tried = JSON.parse(output('tried'))
    return results.flatMap(([inode, position, observed]) => {
      const probe = targets[position]
      const name = world.spaces.find(({ namespace }) => namespace.inode === inode)?.name ?? String(inode)
      if (probe === undefined) return []
      const { address, protocol, port } = probe
      const journey = predict(world, {
        source: { namespace: inode, name },
        destination: address,
        protocol,
        ...(port === undefined ? {} : { destinationPort: port }),
      })
      return { from: name, probe, journey, observed, agreement: agreementOf(probe, journey, observed) }
    })
  }

  test('goes the way that is predicted, tried with a connection or a ping', () => {
    const results = judged()
    expect(results.length).toBeGreaterThan(3500)
    expect(new Set(results.map(({ journey }) => journey.verdict))).toEqual(
      new Set(['delivered', 'dropped', 'rejected']),
    )
    const wrong = results.filter(({ agreement }) => agreement === 'differs')
    expect(
      wrong.map(({ from, probe, journey, observed }) => describeDifference(from, probe, journey, observed)),
    ).toEqual([])
  })

  test('what a balancer asks of its own virtual address is reset by the server, which does not know who acknowledges', () => {
    const open = judged().filter(({ agreement }) => agreement === 'left open')
    expect(open.map(({ from }) => from).sort()).toEqual(['ingress_sbox', loadBalancer('app')].sort())
    for (const { journey, observed } of open) {
      expect(journey.reply?.reply?.verdict).not.toBe('delivered')
      expect(observed).toContain('ECONNRESET')
    }
  })
})

test.each([
  ['the address of the service', 'trace-service'],
  ['the mesh, from a container of another network', 'trace-mesh'],
  ['the mesh, from outside', 'trace-outside'],
])('a packet to %s is seen where it is predicted, whoever gets it', (_, section) => {
  const traced: Trace = JSON.parse(output(section))
  expect(traced.disagreements).toEqual([])
  expect(traced.verdict).toBe('delivered')
  const names = (journey: Trace['predicted']) => [...new Set(journey?.hops.map(({ name }) => name))]
  expect(names(traced)).toEqual(names(traced.predicted))
})
