import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Examination } from '../../src/model/finding.ts'
import type { Socket } from '../../src/model/snapshot.ts'
import { type LabWorld, openLabWorld } from '../helpers/lab-world.ts'

const LAB = 'port-publishing'

let lab: LabWorld

beforeAll(async () => {
  lab = await openLabWorld()
  await lab.mustLab('up', LAB)
})

afterAll(async () => {
  await lab?.lab('down', LAB)
  await lab?.world.close()
})

function doctor(...words: string[]) {
  return lab.world.tryRun(process.execPath, [lab.program, 'doctor', ...words])
}

async function examined(...words: string[]): Promise<Examination> {
  return JSON.parse((await doctor('--json', ...words)).stdout) as Examination
}

function inside(name: string, command: string) {
  const [tool = '', ...words] = command.split(' ')
  return lab.world.run(tool, words, { namespace: `tsnet:${LAB}:${name}` })
}

interface Fault {
  readonly id: string
  readonly at: string
  readonly command: string
  readonly evidence: string
}

const FAULTS: readonly Fault[] = [
  {
    id: 'ip-forward-off',
    at: 'host-A',
    command: 'sysctl -qw net.ipv4.ip_forward=0',
    evidence: 'net.ipv4.ip_forward = 0 in host-A',
  },
  {
    id: 'default-route-wrong',
    at: 'C2',
    command: 'ip route replace default via 10.0.0.99',
    evidence: 'default via 10.0.0.99',
  },
  { id: 'container-dns-broken', at: 'echo', command: 'iptables -t nat -F', evidence: 'no jump to DOCKER_OUTPUT' },
  { id: 'nat-rules-flushed', at: 'host-A', command: 'iptables -t nat -F', evidence: 'no jump to DOCKER' },
]

/** A receiver that is stopped and a sender that goes on; says both pids. */
const OVERRUN = `
socat -u UDP4-RECV:9999,rcvbuf=2048 /dev/null >/dev/null 2>&1 & receiver=$!
until ss -lun | grep -q :9999; do :; done
kill -STOP $receiver
(exec 3>/dev/udp/127.0.0.1/9999; while echo xxxxxxxxxxxxxxxxxxxxxxxxxx >&3; do :; done) >/dev/null 2>&1 &
echo $receiver $!
`

describe('doctor on a lab in the kernel', () => {
  test('nothing is found while nothing is wrong', async () => {
    const { status, stdout, stderr } = await doctor()
    expect(stdout).toMatch(/^● nothing found \(\d+ journeys predicted\)\n$/)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test.each(FAULTS)(
    '$id is found at the top, cured by its fix, and then nothing is left',
    async ({ id, at, command, evidence }) => {
      await inside(at, command)
      const { findings } = await examined()
      expect(findings[0]).toMatchObject({
        id,
        severity: 'error',
        evidence: expect.arrayContaining([expect.stringContaining(evidence)]),
      })
      expect(findings.length).toBeLessThanOrEqual(2)
      const applied = await doctor('--apply', '--yes')
      expect(applied.stderr).toContain(`(in ${at}`)
      expect(applied.stdout).toContain('● nothing found')
      expect(applied.status).toBe(0)
      expect((await examined()).findings).toEqual([])
    },
  )

  test('the printed script cures as well, in the right namespace', async () => {
    await inside('C2', 'ip route del default')
    const { stdout, status } = await doctor('--fix')
    expect(status).toBe(1)
    expect(stdout).toContain(`tsnet-shoot enter lab:${LAB}/C2 -- ip route add default via 10.0.0.1 dev eth0\n`)
    const script = stdout.replaceAll('tsnet-shoot enter', `${process.execPath} ${lab.program} enter`)
    await lab.world.run('sh', [], { input: script })
    expect((await examined()).findings).toEqual([])
  })

  test('what an interrupted --apply changed is taken back by `doctor undo`', async () => {
    const { findings } = await (async () => {
      await inside('C2', 'ip link set dev eth0 mtu 1400')
      return examined()
    })()
    expect(findings[0]?.id).toBe('mtu-mismatch')
    const [step] = findings[0]?.fix?.steps ?? []
    expect(step?.undo).toBeDefined()
    // as a killed process leaves it: a journal whose process is gone
    const folder = '/run/tsnet-shoot/doctor'
    await lab.world.run('mkdir', ['-p', folder])
    await lab.world.run('tee', [`${folder}/999999-1.json`], {
      input: JSON.stringify([{ ...step, undo: ['ip', 'link', 'set', 'dev', step?.words[4], 'mtu', '1400'] }]),
    })
    const { status, stderr } = await doctor('undo')
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('took back') })
    expect((await examined()).findings).toEqual([])
    expect((await doctor('undo')).stderr).toBe('nothing is left to take back\n')
    await inside('C2', 'ip link set dev eth0 mtu 1500')
    await doctor('--apply', '--yes')
  })

  test('with --watch a socket whose program does not read is told, with the drops that ss counts', async () => {
    const namespace = `tsnet:${LAB}:C2`
    const sh = (script: string) => lab.world.run('bash', ['-c', script], { namespace })
    const [receiver, sender] = (await sh(OVERRUN)).trim().split(' ')
    const [finding] = (await examined('--watch', '500ms')).findings
    await sh(`kill ${sender}`)
    expect(finding).toMatchObject({
      id: 'drops-rising',
      title: expect.stringContaining('socat in C2 loses packets'),
    })
    const counted = /9999[\s\S]*?,d(\d+)\)/.exec(await inside('C2', 'ss -uamn'))?.[1]
    const words = ['show', 'sockets', '-n', `lab:${LAB}/C2`, '--json']
    const shown = await lab.world.run(process.execPath, [lab.program, ...words])
    const sockets = JSON.parse(shown) as Socket[]
    expect(sockets.find(({ localPort, remote }) => localPort === 9999 && remote === undefined)?.drops).toBe(
      Number(counted),
    )
    await sh(`kill -KILL ${receiver}`)
  })

  test('it asks before it changes anything, and without a terminal it does not', async () => {
    const { status, stderr } = await doctor('--apply')
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('--yes') })
  })
})
