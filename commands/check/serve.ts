import { CHECK_OPTIONS } from '../../src/command/check.ts'
import { checkServe } from '../../src/command/check-serve.ts'
import type { Command } from '../../src/command.ts'

export const CHECK_SERVE_COMMAND: Command = {
  name: 'check serve',
  summary: 'Run checks again and again, and tell by HTTP what came of them.',
  details: [
    '/healthz is 200 as long as no error fails (warnings do not count), else 503; /metrics is for Prometheus, /report is',
    'JSON. A request runs nothing. Only this machine can ask unless --listen says another address; there is no password.',
  ],
  positionals: [{ name: 'FILE…', many: true, completes: 'file' }],
  options: [
    { name: 'listen', argument: 'ADDRESS:PORT', summary: 'where to listen (127.0.0.1:9119)' },
    { name: 'every', argument: 'INTERVAL', summary: 'pause between two runs (30s)' },
    ...CHECK_OPTIONS,
  ],
  examples: [
    ['check serve web.yaml', 'then: curl http://127.0.0.1:9119/healthz'],
    ['check serve web.yaml --every 5m --listen 0.0.0.0:9119', 'for a Prometheus elsewhere'],
  ],
  run: checkServe,
}
