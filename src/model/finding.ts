import type { Place } from './journey.ts'

/** Worst first. */
export const SEVERITIES = ['error', 'warning', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What `doctor` found: the JSON that it prints; additions only. */
export interface Finding {
  /** Of the check; `doctor explain ID` says more. */
  readonly id: string
  readonly severity: Severity
  /** One line: what is wrong with what. */
  readonly title: string
  /** Inode of the namespace at fault. */
  readonly namespace?: number
  /** Position of its snapshot, when there are several. */
  readonly host?: number
  /** Name of the object at fault, with its namespace: `eth0 of web`. */
  readonly subject: string
  /** The very entries: rule, route, sysctl, counter, each with its value; the first is the one at fault. */
  readonly evidence: readonly string[]
  /** Where each piece of evidence is, so that a view can open it; as long as `evidence`. */
  readonly places: readonly (Place | null)[]
  /** Why it matters, in whole sentences; a guess is worded as one. */
  readonly cause: string
  readonly fix?: FindingFix
  /** What follows from it, so that it is not a finding of its own. */
  readonly consequences?: readonly string[]
}

export interface FindingFix {
  /** One line for a shell, its words quoted: the first step. */
  readonly command: string
  /** Inode of the namespace it has to be run in. */
  readonly namespace?: number
  /** In this order. */
  readonly steps: readonly FixStep[]
  readonly summary: string
  /** Why one should think twice. */
  readonly warning?: string
}

export interface FixStep {
  /** Inode. */
  readonly namespace: number
  readonly host?: number
  /** Of the namespace, for people. */
  readonly name: string
  /** Program and arguments; no shell in between. */
  readonly words: readonly string[]
  /** What takes it back; absent when nothing does. */
  readonly undo?: readonly string[]
}

/** Something that could not be checked, and what is missing. */
export interface Unchecked {
  /** Ids of checks, or what was to be looked at. */
  readonly subject: string
  readonly reason: string
  readonly hint?: string
}

/** All that an examination gives. */
export interface Examination {
  /** Worst first; consequences are folded under their causes. */
  readonly findings: readonly Finding[]
  readonly unchecked: readonly Unchecked[]
  /** How much was predicted, in words: `12 journeys predicted`. */
  readonly predicted?: string
}

/** The exit status of DESIGN §4: 1 with an error, 3 with nothing worse than warnings, else 0. */
export function statusOfFindings(findings: readonly { readonly severity: Severity }[]): 0 | 1 | 3 {
  if (findings.some(({ severity }) => severity === 'error')) return 1
  return findings.some(({ severity }) => severity === 'warning') ? 3 : 0
}

/** One line for a shell, each word quoted where it has to be. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}

/** A word as a shell takes it literally. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity)
}

/** What `doctor explain ID` tells of a kind of finding. */
export interface FindingPage {
  readonly id: string
  /** A few words: what is wrong when it is found. */
  readonly title: string
  /** What people notice. */
  readonly symptom: string
  readonly why: string
  /** Commands that show it without this program. */
  readonly see: readonly string[]
  readonly fix: string
  /** When it is no mistake. */
  readonly intended: string
}
