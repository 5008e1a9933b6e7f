import { type DockerEngine, IMAGE, startDockerEngine, until } from '../../test/helpers/docker-engine.ts'
import type { BenchContext, Benchmark } from '../context.ts'
import { execute, interleave } from '../measure.ts'
import { milliseconds } from '../row.ts'

const PLAIN = 12
const TASKS = 8
const UPLINK = '192.0.2.1'
const TASKS_MS = 120_000
const BUDGET_MS = 1500

/** A real Docker Engine with a swarm of one: containers of a network, half of them published, and tasks of a service. */
export const DOCTOR_ENGINE: Benchmark = {
  name: 'doctor',
  run: async (context) => {
    context.say('a Docker Engine with 20 containers and a swarm')
    const engine = await startDockerEngine()
    try {
      await fill(engine)
      const doctor = await measure(context, engine)
      return [
        {
          name: `doctor, a Docker Engine with ${PLAIN + TASKS} containers and a swarm`,
          ours: milliseconds(doctor),
          figure: doctor,
          unit: 'ms',
          budget: { atMost: BUDGET_MS },
        },
      ]
    } finally {
      await engine.stop()
    }
  },
}

async function fill(engine: DockerEngine): Promise<void> {
  const uplink = ['up0', 'type', 'veth', 'peer', 'name', 'up1']
  await engine.inside('ip', 'link', 'add', ...uplink)
  await engine.inside('ip', 'address', 'add', `${UPLINK}/24`, 'dev', 'up0')
  await engine.inside('ip', 'link', 'set', 'up0', 'up')
  await engine.inside('ip', 'link', 'set', 'up1', 'up')
  await engine.docker('network', 'create', 'app')
  for (let at = 0; at < PLAIN; at++) {
    const published = at % 2 === 0 ? ['--publish', `${9000 + at}:80`] : []
    await engine.runContainer(`c${at}`, '--network', 'app', ...published)
  }
  await engine.docker('swarm', 'init', '--advertise-addr', UPLINK)
  await engine.docker('network', 'create', '--driver', 'overlay', 'shop')
  const service = ['--network', 'shop', '--replicas', String(TASKS), '--publish', '8080:80', '--no-resolve-image']
  await engine.docker('service', 'create', '--detach', '--name', 'api', ...service, IMAGE, 'sleep', '86400')
  await until('all tasks run', TASKS_MS, async () => {
    const ids = await engine.docker('ps', '--quiet', '--filter', 'label=com.docker.swarm.service.name=api')
    return ids.split('\n').filter((id) => id !== '').length === TASKS
  })
}

/** What it finds depends on the kernel (without IP_VS a service has no virtual address), so any status will do. */
async function measure({ program, rounds }: BenchContext, { keeperPid }: DockerEngine): Promise<number> {
  const inside = ['--target', String(keeperPid), '--net', '--mount', '--', process.execPath, program]
  const run = () => execute('nsenter', [...inside, 'doctor'], { statuses: [0, 1, 3] })
  return (await interleave(rounds, [{ name: 'doctor', run }])).get('doctor') ?? Number.NaN
}
