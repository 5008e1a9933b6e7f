import { spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { examine } from '../../src/checks/doctor/examine.ts'
import { readHost } from '../../src/inspect/read-host.ts'
import { enterNamespace } from '../../src/kernel/enter.ts'
import { labMachine } from '../../src/lab/build/lab-machine.ts'
import type { Probe } from '../../src/lab/faults/fault.ts'
import type { Examination, FindingFix } from '../../src/model/finding.ts'
import { type HostSnapshot, KINDS, type Namespace } from '../../src/model/snapshot.ts'
import { differences, settledLines } from './settled.ts'

/** An emulated machine needs more of it. */
const PATIENCE = Number(process.env['FAULTS_PATIENCE'] ?? 1)
const DEADLINE_MS = 4000 * PATIENCE
const PAUSE_MS = 100

/** A lab that is up, in the world that this program runs in. */
export class LabRun {
  readonly name: string
  readonly #program: string

  private constructor(name: string, program: string) {
    this.name = name
    this.#program = program
  }

  /** Builds a lab afresh. Undefined, with the reason, when this kernel cannot. */
  static up(lab: string, program: string): LabRun | string {
    const { status, stderr, stdout } = run(process.execPath, [program, 'lab', 'up', lab, '--wait', '--json'])
    if (status === 0) return new LabRun((JSON.parse(stdout) as { lab: string }).lab, program)
    if (status === 4) return stderr.trim().split('\n')[0] ?? ''
    throw new Error(`lab up ${lab}: ${stderr}${stdout}`)
  }

  down(): void {
    run(process.execPath, [this.#program, 'lab', 'down', this.name])
  }

  /** The host, the lab and what is wired to it: files of the machine may name namespaces that are none of ours. */
  async snapshot(): Promise<HostSnapshot> {
    const { snapshot } = await readHost({ kinds: KINDS })
    const { namespaces } = snapshot
    const isOurs = ({ owner }: Namespace): boolean => owner.kind === 'host' || owner.lab === this.name
    const ours = new Set(namespaces.filter(isOurs).map(({ inode }) => inode))
    // a set is walked with what is added to it meanwhile
    for (const inode of ours) {
      const { links = [] } = namespaces.find((each) => each.inode === inode) ?? {}
      for (const { peer } of links) if (peer?.namespace !== undefined) ours.add(peer.namespace)
    }
    return { ...snapshot, namespaces: namespaces.filter(({ inode }) => ours.has(inode)) }
  }

  /** What the doctor says of it now. @param all also what is meant to be so */
  async examine(all = false): Promise<{ readonly snapshot: HostSnapshot; readonly examination: Examination }> {
    const { snapshot, connections } = await readHost({ kinds: KINDS, connections: true })
    return { snapshot, examination: examine([snapshot], { all, connections: [connections] }) }
  }

  /** How everything is, once IPv6 has asked for its addresses and two looks in a row see the same. */
  async settled(): Promise<readonly string[]> {
    let last = settledLines(await this.snapshot())
    for (const deadline = performance.now() + DEADLINE_MS; ; await pause(PAUSE_MS)) {
      const next = settledLines(await this.snapshot())
      const isSettled = differences(last, next).length === 0 && !next.some((line) => line.includes('"tentative"'))
      if (isSettled || performance.now() > deadline) return next
      last = next
    }
  }

  /** What is not as it was, once nothing changes by itself any more. */
  async differencesFrom(before: readonly string[]): Promise<readonly string[]> {
    for (const deadline = performance.now() + DEADLINE_MS; ; await pause(PAUSE_MS)) {
      const found = differences(before, settledLines(await this.snapshot()))
      if (found.length === 0 || performance.now() > deadline) return found
    }
  }

  /** Whether it succeeds, as a person would try it: with the names of the container. */
  async works({ from, command }: Probe): Promise<boolean> {
    return (await enterNamespace(labMachine(this.name, from), command, { all: false, quiet: true })) === 0
  }

  /** What becomes true within some seconds. */
  async allWork(probes: readonly Probe[]): Promise<readonly Probe[]> {
    for (const deadline = performance.now() + DEADLINE_MS; ; await pause(PAUSE_MS)) {
      const failing: Probe[] = []
      for (const probe of probes) if (!(await this.works(probe))) failing.push(probe)
      if (failing.length === 0 || performance.now() > deadline) return failing
    }
  }

  /** Does what a finding advises, each step where it says. @returns why it could not be done */
  applyFix(fix: FindingFix, { namespaces }: HostSnapshot): string | undefined {
    for (const { words, namespace } of fix.steps) {
      const path = pathOf(namespaces.find(({ inode }) => inode === namespace))
      if (path === undefined) return `no namespace ${namespace}`
      const { status, stderr } = run('nsenter', [`--net=${path}`, '--', ...words])
      if (status !== 0) return `${words.join(' ')}: ${stderr.trim()}`
    }
    return undefined
  }
}

function pathOf(namespace: Namespace | undefined): string | undefined {
  if (namespace === undefined) return undefined
  if (namespace.owner.kind === 'host') return '/proc/1/ns/net'
  const [pid] = namespace.pids
  if (pid !== undefined) return `/proc/${pid}/ns/net`
  const [name = ''] = namespace.names
  return name.startsWith('/') ? name : `/run/netns/${name}`
}

function run(command: string, words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, words, {
    encoding: 'utf8',
    timeout: 60_000 * PATIENCE,
    input: '',
  })
  return { status, stdout, stderr }
}
