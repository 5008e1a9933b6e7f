import { writeFileSync } from 'node:fs'
import { readFacts } from '../../src/command/facts.ts'
import { FACTS_OPTIONS, JSON_OPTION, Options } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { messageOf, TsnetError } from '../../src/errors.ts'
import { readLab } from '../../src/lab/read-lab.ts'
import { labText } from '../../src/lab/save/lab-text.ts'
import { saveLab } from '../../src/lab/save/save-lab.ts'
import { formatProblem } from '../../src/model/file/problem.ts'
import { selectNamespace } from '../../src/model/select.ts'
import { sanitise } from '../../src/report/sanitise.ts'

export const LAB_SAVE_COMMAND: Command = {
  name: 'lab save',
  summary: 'Write a lab file of what a host has: its bridges, containers, addresses and published ports.',
  details: [
    'The host is this machine, or what -n names (a host of a lab, several of them). Containers have no image: what',
    'listens in one becomes a workload on the same port.',
  ],
  positionals: [{ name: 'NAME' }],
  options: [
    { name: 'output', short: 'o', argument: 'FILE', completes: 'file', summary: 'write it there instead of stdout' },
    ...FACTS_OPTIONS,
    { ...JSON_OPTION, summary: 'the lab file as JSON, which lab up reads as well' },
  ],
  examples: [
    ['lab save copy -o copy.yaml', 'a lab of this machine'],
    ['lab save copy --from snapshot.json', 'of a machine that a snapshot was taken of'],
    ['lab save copy -n lab:pets-bridge/host-A', 'of a host of a lab'],
  ],
  async run({ options, output, positionals: [name = ''] }) {
    const from = new Map(['from', 'docker-socket'].map((option) => [option, options.list(option)]))
    const kinds = ['links', 'addrs', 'routes', 'firewall', 'sockets'] as const
    const { snapshot } = await readFacts({ options: new Options(from) }, { kinds })
    const selectors = options.list('netns')
    const chosen = selectors.length === 0 ? ['host'] : selectors
    const hosts = chosen.map((selector) => selectNamespace(snapshot, selector))
    const { file, leftOut } = saveLab(snapshot, { name, hosts })
    const text = labText(file, leftOut)
    for (const problem of readLab(`${name}.yaml`, text).problems) output.note(`▲ ${formatProblem(problem)}`)
    const path = options.text('output')
    if (path !== undefined) writeLabFile(path, text)
    else if (options.has('json')) output.json(file)
    else output.write(output.terminal.interactive ? fitForTerminal(text) : text)
    return 0
  },
}

/** Names and options of a host are anybody's. */
function fitForTerminal(text: string): string {
  return text
    .split('\n')
    .map((line) => sanitise(line))
    .join('\n')
}

function writeLabFile(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    throw new TsnetError('input', `write ${path}: ${messageOf(cause)}`, { cause })
  }
}
