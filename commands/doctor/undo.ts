import { undoInterrupted } from '../../src/command/doctor-apply.ts'
import type { Command } from '../../src/command.ts'

export const DOCTOR_UNDO_COMMAND: Command = {
  name: 'doctor undo',
  summary: 'Take back the changes of a `doctor --apply` that was killed before anybody confirmed them.',
  positionals: [],
  options: [],
  examples: [['doctor undo', 'what is left of it']],
  run: undoInterrupted,
}
