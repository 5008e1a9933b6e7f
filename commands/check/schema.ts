import { CHECK_FILE_SCHEMA } from '../../src/checks/file/check-schema.ts'
import type { Command } from '../../src/command.ts'

export const CHECK_SCHEMA_COMMAND: Command = {
  name: 'check schema',
  summary: 'The JSON schema of check files, for editors.',
  details: ['docs/check.schema.json is the same.'],
  positionals: [],
  options: [],
  examples: [['check schema > check.schema.json', 'then: # yaml-language-server: $schema=check.schema.json']],
  async run({ output }) {
    output.write(`${JSON.stringify(CHECK_FILE_SCHEMA, undefined, 2)}\n`)
    return 0
  },
}
