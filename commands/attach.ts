import { attach, DEFAULT_IMAGE } from '../src/command/attach.ts'
import { FACTS_OPTIONS } from '../src/command/options.ts'
import type { Command } from '../src/command.ts'

export const ATTACH_COMMAND: Command = {
  name: 'attach',
  summary: 'A container with these tools beside a running one.',
  details: [
    'Through the engine’s API: it shares the network and the processes of CONTAINER, has this terminal, may NET_ADMIN,',
    'NET_RAW, SYS_ADMIN and SYS_PTRACE, and is removed at the end whatever happens. Without the image or an engine, the',
    'namespace is entered with the tools of this host, as `enter` does. The exit status is that of the command.',
  ],
  positionals: [{ name: 'CONTAINER', completes: 'selector' }],
  rest: 'COMMAND…',
  options: [
    { name: 'image', argument: 'IMAGE', summary: `what to run there (default ${DEFAULT_IMAGE}); it is not fetched` },
    ...FACTS_OPTIONS.filter(({ name }) => name === 'docker-socket'),
  ],
  examples: [
    ['attach web', 'the screen, beside the container web'],
    ['attach web -- show sockets', 'a command of this program there'],
    ['attach web --image tsnet-shoot:full -- tcpdump -ni eth0', 'any command of the image'],
  ],
  run: attach,
}
