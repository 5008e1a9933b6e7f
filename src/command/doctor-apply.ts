import { rmSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline/promises'
import type { Context } from '../command.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { requireCapabilities } from '../kernel/capabilities.ts'
import { discoverNamespaces } from '../kernel/namespaces.ts'
import { runTool } from '../kernel/run.ts'
import {
  type Examination,
  type Finding,
  type FixStep,
  severityRank,
  shellLine,
  statusOfFindings,
} from '../model/finding.ts'
import { findingLines } from '../report/findings.ts'
import { sanitise } from '../report/sanitise.ts'
import { examineFacts, readDoctorFacts } from './doctor-facts.ts'
import { interruptedJournals, UndoJournal } from './doctor-journal.ts'

const CONFIRM_MS = 30_000
const STEP_MS = 10_000
const MAX_OUTPUT = 65_536

/** Runs the fixes one by one, and takes them all back unless somebody confirms. The status is that of what is left. */
export async function applyFixes(context: Context): Promise<number> {
  const { options, output } = context
  requireCapabilities('doctor --apply', ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'])
  const asks = !options.has('yes')
  if (asks && process.stdin.isTTY !== true) {
    throw new TsnetError('usage', 'doctor --apply: asks before each command, and stdin is no terminal', {
      hint: '--yes runs them all',
    })
  }
  await undoJournals(context)
  const before = examineFacts(context, await readDoctorFacts(context))
  const fixable = before.findings.filter(({ fix }) => fix !== undefined)
  output.write(`${findingLines(before, { colour: output.terminal.colour }).join('\n')}\n`)
  if (fixable.length === 0) return statusOfFindings(before.findings)
  const journal = new UndoJournal()
  const question = asks ? createInterface({ input: process.stdin, output: process.stderr, terminal: false }) : undefined
  const interruption = interrupted(question)
  try {
    for (const finding of fixable) await applyOne(context, { finding, journal, question, interruption })
    return await keepOrUndo(context, { before, journal, question, interruption })
  } catch (error) {
    await takeBack(context, journal.steps)
    journal.close()
    throw error
  } finally {
    question?.close()
    interruption.close()
  }
}

interface Applying {
  readonly finding: Finding
  readonly journal: UndoJournal
  readonly question: Interface | undefined
  readonly interruption: Interruption
}

async function applyOne({ output }: Context, { finding, journal, question, interruption }: Applying): Promise<void> {
  for (const step of finding.fix?.steps ?? []) {
    const line = sanitise(
      `${shellLine(step.words)}   (in ${step.name}${step.undo === undefined ? '; nothing takes it back' : ''})`,
    )
    if (question !== undefined && !(await isYes(question, `${finding.id}: run ${line}? [y/N] `, interruption.signal)))
      return
    journal.add(step)
    await runStep(step, step.words)
    output.note(`ran: ${line}`)
  }
}

async function isYes(question: Interface, text: string, signal: AbortSignal): Promise<boolean> {
  const answer = await question.question(text, { signal }).catch((cause: unknown) => {
    throw new TsnetError('failed', 'doctor --apply: interrupted', { cause })
  })
  return /^y(es)?$/i.test(answer.trim())
}

async function keepOrUndo(
  context: Context,
  { before, journal, question, interruption }: Omit<Applying, 'finding'> & { readonly before: Examination },
): Promise<number> {
  if (journal.steps.length === 0) return statusOfFindings(before.findings)
  const after = examineFacts(context, await readDoctorFacts(context))
  context.output.write(`${findingLines(after, { colour: context.output.terminal.colour }).join('\n')}\n`)
  const isKept = question === undefined ? isBetter(before, after) : await isConfirmed(question, interruption)
  if (!isKept) await takeBack(context, journal.steps)
  journal.close()
  return statusOfFindings((isKept ? after : before).findings)
}

/** Nothing is there that was not there before, and nothing is worse. */
function isBetter({ findings: before }: Examination, { findings: after }: Examination): boolean {
  const worst = (findings: readonly Finding[]) => Math.min(9, ...findings.map(({ severity }) => severityRank(severity)))
  return after.length <= before.length && worst(after) >= worst(before)
}

/** Whoever cut off the own connection cannot answer: then all is as before in half a minute. */
async function isConfirmed(question: Interface, { signal }: Interruption): Promise<boolean> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_MS)])
  const text = `Keep the changes? They are taken back in ${CONFIRM_MS / 1000} s. [y/N] `
  const answer = await question.question(text, { signal: ended }).catch(() => '')
  return /^y(es)?$/i.test(answer.trim())
}

async function takeBack({ output }: Pick<Context, 'output'>, steps: readonly FixStep[]): Promise<void> {
  for (const step of steps) {
    if (step.undo === undefined) {
      output.note(`▲ nothing takes back: ${shellLine(step.words)} (in ${step.name})`)
      continue
    }
    // one that fails must not keep the others from being taken back
    await runStep(step, step.undo).then(
      () => output.note(`took back: ${shellLine(step.words)} (in ${step.name})`),
      (error: unknown) => output.note(`✖ ${messageOf(error)}: ${shellLine(step.undo ?? [])} (in ${step.name})`),
    )
  }
}

async function runStep({ namespace, name }: FixStep, words: readonly string[]): Promise<void> {
  const found = discoverNamespaces().namespaces.find(({ inode }) => inode === namespace)
  const path = found?.paths[0]
  if (path === undefined) throw new TsnetError('vanished', `namespace ${name}: it is gone`)
  const [command = '', ...rest] = words
  await runTool(command, rest, {
    namespace: { path, inode: namespace },
    deadlineMs: STEP_MS,
    maxOutputBytes: MAX_OUTPUT,
  })
}

interface Interruption {
  readonly signal: AbortSignal
  close(): void
}

/** Signals that would end us: what was changed is taken back first. */
function interrupted(question: Interface | undefined): Interruption {
  const controller = new AbortController()
  const onSignal = () => controller.abort()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onSignal)
  // a terminal that is gone answers nothing any more
  question?.once('close', onSignal)
  return {
    signal: controller.signal,
    close: () => {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}

/** `doctor undo`: what is left of an --apply that was killed. */
export async function undoInterrupted(context: Context): Promise<number> {
  requireCapabilities('doctor undo', ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'])
  const count = await undoJournals(context)
  if (count === 0) context.output.note('nothing is left to take back')
  return 0
}

async function undoJournals(context: Context): Promise<number> {
  const journals = interruptedJournals()
  for (const { path, steps } of journals) {
    await takeBack(context, steps)
    rmSync(path, { force: true })
  }
  return journals.length
}
