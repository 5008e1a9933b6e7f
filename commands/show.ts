import { FACTS_OPTIONS, TABLE_OPTIONS } from '../src/command/options.ts'
import { show } from '../src/command/show.ts'
import type { Command } from '../src/command.ts'
import { SHOW_KINDS } from '../src/report/columns.ts'

export const SHOW_COMMAND: Command = {
  name: 'show',
  summary: 'Show one kind of object: links, routes, firewall rules, …',
  details: [`Kinds: ${SHOW_KINDS.join(' ')}`, 'iptables and nft need the iptables and nftables packages.'],
  positionals: [{ name: 'KIND', completes: 'kind', values: SHOW_KINDS }],
  options: [...FACTS_OPTIONS, ...TABLE_OPTIONS],
  examples: [
    ['show links -n web', 'the links of one container'],
    ['show bridges', 'every bridge, its ports and who is behind them'],
    ['show fdb --sort mac', 'who has which MAC'],
    ['show iptables -n host --sort pkts:desc', 'the busiest rules first'],
    ['show routes --json | jq \'.[] | select(.destination == "default")\'', 'default routes of all namespaces'],
    ['show sockets --from host.json', 'of a saved snapshot'],
  ],
  run: show,
}
