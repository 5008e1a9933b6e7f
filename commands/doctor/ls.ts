import { listFindings } from '../../src/command/doctor-pages.ts'
import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'

export const DOCTOR_LS_COMMAND: Command = {
  name: 'doctor ls',
  summary: 'The kinds of findings that are looked for.',
  positionals: [],
  options: [JSON_OPTION],
  examples: [['doctor ls', 'a line each']],
  run: listFindings,
}
