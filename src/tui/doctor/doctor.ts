import type { Examination, FindingPage } from '../../model/finding.ts'
import { type Asked, NOT_ASKED } from '../asks/ask.ts'

/** What the examination of the host says. */
export interface DoctorState {
  readonly asked: Asked<Examination>
  /** What is known about each finding besides, by its id; read when somebody looks. */
  readonly pages: ReadonlyMap<string, FindingPage>
  readonly turn: number
}

export const NO_DOCTOR: DoctorState = { asked: NOT_ASKED, pages: new Map(), turn: 0 }
