import type { Explanations } from '../explain.ts'

const LABS = 'docs: lab files'

export const LAB: Explanations = {
  name: { text: 'lab up NAME builds it, lab:NAME/HOST names a namespace of it.', source: 'tsnet-shoot lab' },
  condition: {
    text: 'absent: not built. up: built. unfinished, interrupted, remains: what built or changed it ended half-way.',
    source: 'tsnet-shoot lab ls',
  },
  builtIn: { text: 'Whether its file comes with the program.', source: 'tsnet-shoot lab ls' },
  description: { text: 'What it is to show.', source: LABS },
  hosts: { text: 'Machines and routers: a network namespace each, with these addresses.', source: LABS },
  networks: { text: 'Networks of containers, with the driver that Docker has under the same name.', source: LABS },
  containers: { text: 'Namespaces below their host, with what runs in them.', source: LABS },
  checks: { text: 'What has to work once it is up: lab validate tries it from inside.', source: LABS },
}
