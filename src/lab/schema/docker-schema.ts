import { flag, type JsonSchema, matching, record } from '../../model/file/shapes.ts'

export const SHAPING: Readonly<Record<string, JsonSchema>> = {
  rate: matching('^[0-9]+(\\.[0-9]+)?[kmg]?bit$', 'a rate like 10mbit', 'Bandwidth in each direction: 10mbit.'),
  delay: matching('^[0-9]+(\\.[0-9]+)?(us|ms|s)$', 'a time like 20ms', 'Added in each direction (needs netem): 20ms.'),
  loss: matching('^[0-9]+(\\.[0-9]+)?%$', 'a percentage like 1%', 'Lost in each direction (needs netem): 1%.'),
}

export const DOCKER: JsonSchema = record(
  {
    layout: { enum: [20, 28], default: 28, description: 'Rules as Docker 20.10 to 27 (20) or 28 (28) lay them out.' },
    backend: { enum: ['iptables', 'nft'], default: 'iptables', description: 'What the rules are made with.' },
    userland_proxy: flag('A process that carries what rules do not: from the host to its own published ports.', true),
    dns: flag('Name server on 127.0.0.11 in containers on user-defined networks.', true),
  },
  { description: 'How the Docker Engine is configured that this host imitates.' },
)
