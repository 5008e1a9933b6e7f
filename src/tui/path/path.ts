import type { Journey } from '../../model/journey.ts'
import type { Trace } from '../../model/trace.ts'
import { type Asked, NOT_ASKED } from '../asks/ask.ts'

/** Where a packet would go, as somebody asked for it. */
export interface PathQuestion {
  /** Selector, as the command line takes it. */
  readonly source: string
  /** Address or name. */
  readonly destination: string
  readonly port?: number
  readonly protocol?: string
  /** `web → db:8500 udp`, sanitised. */
  readonly title: string
}

export interface PathState {
  readonly question: PathQuestion | undefined
  /** Grows when the same is asked for again. */
  readonly turn: number
  readonly predicted: Asked<Journey>
  readonly trace: Asked<Trace>
  /** The journey before this one, when it was another: what changed since. */
  readonly before: Journey | undefined
  readonly isDetailed: boolean
  readonly isMtuShown: boolean
  /** esc: nothing is asked again until p. */
  readonly isStopped: boolean
}

export const NO_PATH: PathState = {
  question: undefined,
  turn: 0,
  predicted: NOT_ASKED,
  trace: NOT_ASKED,
  before: undefined,
  isDetailed: false,
  isMtuShown: false,
  isStopped: false,
}

export function pathKey({ question, turn }: PathState): string {
  return question === undefined ? '' : `${pathWords(question).join(' ')} #${turn}`
}

/** `path inode:4026532257 172.19.0.2:8500 --proto udp`. */
export function pathWords({ source, destination, port, protocol }: PathQuestion): readonly string[] {
  const target = port === undefined ? destination : `${bracketed(destination)}:${port}`
  return [source, target, ...(protocol === undefined ? [] : ['--proto', protocol])]
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
