import { type Fault, type FaultPlan, faultName } from '../../src/lab/faults/fault.ts'
import { healFault } from '../../src/lab/faults/heal-fault.ts'
import { injectFault } from '../../src/lab/faults/inject-fault.ts'
import type { Finding } from '../../src/model/finding.ts'
import type { HostSnapshot } from '../../src/model/snapshot.ts'
import type { LabRun } from './lab-run.ts'

/** What came of one fault in one lab. */
export interface FaultRow {
  readonly lab: string
  readonly fault: string
  readonly target: string
  /** Named, at the top, with the right evidence. */
  readonly found: boolean
  /** Findings that nothing was behind, on the sick lab and on the healthy one. */
  readonly falseAlarms: number
  /** Undefined where there is nothing to cure. */
  readonly fixed?: boolean
  readonly healed: boolean
  /** Of looking: reading the host and the examination. */
  readonly examinedMs: number
  readonly totalMs: number
  /** Why it is not as it should be. */
  readonly problems: readonly string[]
}

export interface FaultCase {
  readonly fault: Fault
  readonly plan: FaultPlan
}

/** Healthy, sick, cured, healed: each with what the doctor has to say. */
export async function measureFault(lab: LabRun, { fault, plan }: FaultCase): Promise<FaultRow> {
  const start = performance.now()
  const problems: string[] = []
  const before = await lab.settled()
  const alarms = (await lab.examine()).examination.findings
  problems.push(...alarms.map((finding) => `healthy, yet told: ${brief(finding)}`))
  for (const probe of await lab.allWork(plan.probes)) problems.push(`healthy, yet fails: ${words(probe)}`)

  await injectFault(lab.name, { choose: () => ({ fault, plan }), injectedAt: new Date().toISOString(), secret: false })
  const looked = performance.now()
  const sick = await lab.examine(plan.byDesign === true)
  const examinedMs = performance.now() - looked
  for (const probe of plan.probes) if (await lab.works(probe)) problems.push(`no symptom: ${words(probe)}`)
  const { found, others } = judge(fault, plan, sick)
  problems.push(...found.problems, ...others.map((finding) => `told as well: ${brief(finding)}`))

  const cure = plan.byDesign === true ? [] : await cured(lab, plan, { top: found.finding, sick: sick.snapshot })
  problems.push(...cure)

  await healFault(lab.name)
  for (const probe of plan.stir ?? []) await lab.works(probe)
  const different = await lab.differencesFrom(before)
  problems.push(...different.map((line) => `healed, yet different: ${line.slice(0, LINE)}`))
  for (const probe of await lab.allWork(plan.probes)) problems.push(`healed, yet fails: ${words(probe)}`)
  return {
    lab: lab.name,
    fault: faultName(fault),
    target: plan.target,
    found: found.problems.length === 0,
    falseAlarms: alarms.length + others.length,
    ...(plan.byDesign === true ? {} : { fixed: cure.length === 0 }),
    healed: different.length === 0,
    examinedMs,
    totalMs: performance.now() - start,
    problems,
  }
}

const LINE = 300

interface Judgement {
  readonly found: { readonly finding?: Finding; readonly problems: readonly string[] }
  readonly others: readonly Finding[]
}

type Examined = Awaited<ReturnType<LabRun['examine']>>

/** Whether the right thing is told first, by the right evidence. */
function judge(fault: Fault, { expected }: FaultPlan, { examination, snapshot }: Examined): Judgement {
  const { findings } = examination
  const named = findings.filter(({ id }) => id === fault.id)
  const isAtPlace = ({ namespace }: Finding): boolean => expected.places.includes(placeOf(snapshot, namespace))
  const finding = named.find(isAtPlace) ?? named[0]
  // with all that is meant to be so, there is more than one thing to tell
  const others = findings.filter((each) => each !== finding && each.severity !== 'info')
  if (finding === undefined) return { found: { problems: ['not found'] }, others }
  const text = [finding.subject, ...finding.evidence].join('\n')
  const place = placeOf(snapshot, finding.namespace)
  const problems = [
    ...(findings[0] === finding || finding.severity === 'info' ? [] : [`found, but below ${findings[0]?.id}`]),
    ...(others.length > 1 ? [`one of ${others.length + 1} findings`] : []),
    ...(expected.places.includes(place) ? [] : [`told of ${place} instead of ${expected.places.join(' or ')}`]),
    ...expected.mentions.filter((word) => !text.includes(word)).map((word) => `no ${word} in: ${brief(finding)}`),
  ]
  return { found: { finding, problems }, others }
}

/** Name in the lab of the namespace. */
function placeOf({ namespaces }: HostSnapshot, inode: number | undefined): string {
  return namespaces.find((each) => each.inode === inode)?.owner.name ?? 'nowhere'
}

interface Cure {
  readonly top: Finding | undefined
  readonly sick: HostSnapshot
}

/** What a person does who follows advice: the second look may have more of it. */
const ROUNDS = 2

/** Does what is advised, and looks again. @returns what is still wrong then */
async function cured(lab: LabRun, plan: FaultPlan, { top, sick }: Cure): Promise<readonly string[]> {
  const done: string[] = []
  let [advice, snapshot] = [top, sick]
  for (let round = 1; ; round++) {
    if (advice?.fix === undefined) return ['no fix is told']
    done.push(...advice.fix.steps.map((step) => `${step.name}: ${step.words.join(' ')}`))
    const failed = lab.applyFix(advice.fix, snapshot)
    if (failed !== undefined) return [`fix fails: ${failed}`]
    for (const probe of plan.stir ?? []) await lab.works(probe)
    const now = await lab.examine()
    ;[advice, snapshot] = [now.examination.findings[0], now.snapshot]
    if (advice !== undefined && advice.fix !== undefined && round < ROUNDS) continue
    const failing = await lab.allWork(plan.probes)
    return [
      ...failing.map((probe) => `fixed by ${done.join('; ')}, yet fails: ${words(probe)}`),
      ...now.examination.findings.map((finding) => `fixed by ${done.join('; ')}, yet told: ${brief(finding)}`),
    ]
  }
}

function brief({ id, subject, evidence, severity }: Finding): string {
  return `${severity} ${id} of ${subject} (${evidence.slice(0, 3).join('; ').slice(0, LINE)})`
}

function words({ from, command }: FaultPlan['probes'][number]): string {
  return `${from}: ${command.join(' ')}`
}
