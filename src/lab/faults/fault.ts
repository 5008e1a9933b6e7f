import type { LabFacts } from './lab-facts.ts'

/** A failure that people meet, and how it is made in a lab. */
export interface Fault {
  /** Of the finding that names it. */
  readonly id: string
  /** Tells several ways to make the same failure apart. */
  readonly way?: string
  /** What is done, for those who want to know. */
  readonly summary: string
  /** Not to be asked for where it cannot be: a feature of the kernel, see inspect/features.ts. */
  readonly needs?: string
  /** It changes a limit that holds for the whole machine: never by chance, and only for those who say so. */
  readonly machine?: true
  /** Where it can be made in this lab, the usual place first. */
  readonly find: (facts: LabFacts) => readonly FaultPlan[]
}

/** A fault at one place of a lab that is up. */
export interface FaultPlan {
  /** What `--target` calls it. */
  readonly target: string
  /** What a person notices: whole words, without the cause. */
  readonly symptom: string
  readonly steps: readonly FaultStep[]
  /** Machines besides those of the steps that a cure may change. */
  readonly around?: readonly string[]
  readonly expected: ExpectedFinding
  /** What works in a healthy lab and not with the fault; empty when nothing fails. */
  readonly probes: readonly Probe[]
  /** What tells everybody again who is where, once it is cured: whether it succeeds is nothing. */
  readonly stir?: readonly Probe[]
  /** Nothing is broken: what is told is how things are meant to be, and there is nothing to cure. */
  readonly byDesign?: true
  /** What is told is told by counters, which heal then puts back too. */
  readonly countersTell?: true
}

/** One change, made in a machine of the lab. */
export type FaultStep = CommandStep | SysctlStep | FileStep | ListenStep | FillStep | LimitStep | NamespaceStep

export interface CommandStep {
  readonly place: string
  readonly command: readonly string[]
  /** It is to be tried, not to succeed. */
  readonly mayFail?: true
}

export interface SysctlStep {
  readonly place: string
  /** `net.ipv4.ip_forward` */
  readonly sysctl: string
  readonly value: string
}

/** One of the files that a container has for names. */
export interface FileStep {
  readonly place: string
  readonly file: 'resolv.conf' | 'hosts'
  readonly text: string
}

/** The workload of a place listens on this address alone. */
export interface ListenStep {
  readonly place: string
  readonly listen: string
}

/** So many connections in the table that are nobody's. */
export interface FillStep {
  readonly place: string
  readonly connections: number
}

/** A limit of the machine, which the place suffers from. */
export interface LimitStep {
  readonly place: string
  /** `net.netfilter.nf_conntrack_max` */
  readonly limit: string
  readonly value: string
}

/** A namespace that nobody owns, see `leakedNamespace`. */
export interface NamespaceStep {
  readonly place: string
  readonly namespace: 'leaked'
}

/** The right diagnosis. */
export interface ExpectedFinding {
  /** Machines whose namespace may be named: a cable has two ends. */
  readonly places: readonly string[]
  /** Words that subject and evidence together have to have. */
  readonly mentions: readonly string[]
}

/** A command that succeeds or not, run as `lab exec` does. */
export interface Probe {
  readonly from: string
  readonly command: readonly string[]
}

/** `default-route-wrong:missing` */
export function faultName({ id, way }: Pick<Fault, 'id' | 'way'>): string {
  return way === undefined ? id : `${id}:${way}`
}

export function command(place: string, ...words: readonly string[]): CommandStep {
  return { place, command: words }
}

export function ping(from: string, address: string): Probe {
  return { from, command: ['ping', '-c', '1', '-W', '1', address] }
}

export function http(from: string, url: string): Probe {
  return { from, command: ['curl', '-sS', '-o', '/dev/null', '-m', '2', url] }
}

/** For people. */
export function formatStep(step: FaultStep): string {
  if ('command' in step) return `${step.place}: ${step.command.join(' ')}`
  if ('sysctl' in step) return `${step.place}: sysctl -w ${step.sysctl}=${step.value}`
  if ('listen' in step) return `${step.place}: its workload listens on ${step.listen} alone`
  if ('connections' in step) return `${step.place}: ${step.connections} connections that are nobody's`
  if ('limit' in step) return `this machine: sysctl -w ${step.limit}=${step.value}`
  if ('namespace' in step) return `${step.place}: a namespace that nobody owns`
  return `${step.place}: ${step.file} = ${JSON.stringify(step.text)}`
}
