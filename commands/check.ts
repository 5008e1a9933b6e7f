import { CHECK_OPTIONS, check, FROM_OPTION } from '../src/command/check.ts'
import { JSON_OPTION } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'
import { CHECK_FORMATS } from '../src/report/check-formats.ts'

export const CHECK_COMMAND: Command = {
  name: 'check',
  summary: 'Health checks of files: what should be there, and what should answer whom.',
  details: [
    'The whole of every file is read first: with an error in one of them nothing is run, and all errors are told with',
    'line and column. docs/checks.md shows the language, check init writes a file of how things are now.',
    'Exit status: 0 all passed, 1 one failed, 2 an error in a file, 3 only warnings failed, 4 one could not be tested;',
    'with --format nagios on stdout that of a Nagios plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
  ],
  positionals: [{ name: 'FILE…', many: true, completes: 'file' }],
  options: [
    {
      name: 'format',
      short: 'f',
      argument: 'FORMAT[=FILE]',
      many: true,
      completes: 'format',
      values: CHECK_FORMATS,
      summary: `${CHECK_FORMATS.join(', ')} (repeatable; default text)`,
    },
    { name: 'quiet', short: 'q', summary: 'as text: only what did not pass' },
    { name: 'watch', argument: 'INTERVAL', summary: 'again every 30s or so; as text: what has changed' },
    ...CHECK_OPTIONS,
    FROM_OPTION,
    JSON_OPTION,
  ],
  examples: [
    ['check init -o host.yaml', 'write what this host is like'],
    ['check host.yaml', 'is it still?'],
    ['check web.yaml -n web --format junit=report.xml --format text', 'for a pipeline'],
    ['check web.yaml --watch 30s --quiet', 'tell when something changes'],
    ['check serve web.yaml', 'for a HEALTHCHECK, and for Prometheus'],
  ],
  subcommands: [
    {
      name: 'init',
      summary: 'write a check file of how things are now',
      load: async () => (await import('./check/init.ts')).CHECK_INIT_COMMAND,
    },
    {
      name: 'lint',
      summary: 'only read check files, and tell what is wrong in them',
      load: async () => (await import('./check/lint.ts')).CHECK_LINT_COMMAND,
    },
    {
      name: 'schema',
      summary: 'the JSON schema of check files, for editors',
      load: async () => (await import('./check/schema.ts')).CHECK_SCHEMA_COMMAND,
    },
    {
      name: 'serve',
      summary: 'run checks again and again, and tell by HTTP',
      load: async () => (await import('./check/serve.ts')).CHECK_SERVE_COMMAND,
    },
  ],
  run: check,
}
