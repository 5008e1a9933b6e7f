import type { Command } from '../src/command.ts'
import { TsnetError } from '../src/errors.ts'

export const DRIVER_COMMAND: Command = {
  name: 'driver',
  summary: 'A network and IPAM driver for a Docker Engine, and what other drivers get wrong.',
  positionals: [],
  options: [],
  subcommands: [
    {
      name: 'serve',
      summary: 'be a plugin of a Docker Engine: docker network create -d tsnet',
      load: async () => (await import('./driver/serve.ts')).DRIVER_SERVE_COMMAND,
    },
    {
      name: 'conformance',
      summary: 'say to any plugin what an engine says, and report what it gets wrong',
      load: async () => (await import('./driver/conformance.ts')).DRIVER_CONFORMANCE_COMMAND,
    },
  ],
  examples: [
    ['driver serve', 'then: docker network create -d tsnet mynet'],
    ['driver conformance tsnet', 'is it right?'],
  ],
  async run() {
    throw new TsnetError('usage', 'driver: COMMAND is missing: serve conformance', {
      hint: 'tsnet-shoot driver --help shows how',
    })
  },
}
