import { http } from '../src/command/http.ts'
import { FACTS_OPTIONS, JSON_OPTION } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'

export const HTTP_COMMAND: Command = {
  name: 'http',
  summary: 'One HTTP request from a namespace: status, the time of each step, the certificate.',
  details: [
    'Names are resolved as a program in the namespace would; no redirect is followed. The exit status is 0 below 400, 1',
    'from 400 on, without an answer or with a certificate that is not trusted, 3 when it expires soon.',
  ],
  positionals: [{ name: 'FROM', completes: 'selector' }, { name: 'URL' }],
  options: [
    { name: 'through', argument: 'ADDRESS[:PORT]', summary: 'connect there: a published port, a VIP' },
    { name: 'insecure', short: 'k', summary: 'any certificate will do' },
    { name: 'expiry-days', argument: 'DAYS', summary: 'that a certificate has to be valid yet (default 14)' },
    { name: 'timeout', argument: 'SECONDS', summary: 'for all of it (default 10)' },
    ...FACTS_OPTIONS.filter(({ name }) => name === 'docker-socket'),
    JSON_OPTION,
  ],
  examples: [
    ['http web http://db:8500/', 'what a container sees'],
    ['http host https://example.test --through 10.0.0.5:443', 'one of several servers'],
  ],
  run: http,
}
