import type { Command } from '../../src/command.ts'
import { TsnetError } from '../../src/errors.ts'
import { enterNamespace } from '../../src/kernel/enter.ts'
import { labMachine } from '../../src/lab/build/lab-machine.ts'

export const LAB_EXEC_COMMAND: Command = {
  name: 'lab exec',
  summary: 'Run a command inside a container, host, router or segment of a lab.',
  details: ['Programs are those of this machine; names are resolved as the container does. A shell without a COMMAND.'],
  positionals: [{ name: 'LAB/NAME', completes: 'lab-machine' }],
  rest: 'COMMAND…',
  options: [],
  examples: [
    ['lab exec pets-bridge/web -- ip address', 'one command'],
    ['lab exec pets-bridge/host-a', 'a shell'],
  ],
  async run({ positionals: [place = ''], rest }) {
    const [lab = '', name = '', ...more] = place.split('/')
    if (lab === '' || name === '' || more.length > 0) {
      throw new TsnetError('usage', `lab exec ${place}: not LAB/NAME`, { hint: 'tsnet-shoot lab ls lists the labs' })
    }
    return enterNamespace(labMachine(lab, name), rest.length > 0 ? rest : [process.env['SHELL'] || '/bin/sh'], {
      all: false,
    })
  },
}
