/** What `:` takes besides views and namespaces; the help and the completion are made from it. */
export const COMMANDS = [
  { name: 'ns', names: ['ns', 'netns'], help: 'to a namespace by its name (also without ns)' },
  { name: 'lab', names: ['lab', 'labs'], help: 'the labs; lab up NAME builds one, lab down NAME removes it' },
  {
    name: 'path',
    names: ['path'],
    help: 'path SOURCE DESTINATION[:PORT] [udp|icmp] predicts where a packet goes; alone: the last one again',
  },
  {
    name: 'iperf',
    names: ['iperf'],
    help: 'iperf FROM TO [-R] [-u -b RATE] [-t SECONDS] measures the rate; any key ends it',
  },
  {
    name: 'capture',
    names: ['capture'],
    help: 'capture [FILTER] on what is selected or captured, as tcpdump takes it: capture tcp port 80',
  },
  { name: 'sort', names: ['sort'], help: 'sort by a column; again: the other way; without one: the usual order' },
  { name: 'wide', names: ['wide'], help: 'more columns' },
  { name: 'freeze', names: ['freeze'], help: 'freeze, or live again' },
  { name: 'suspend', names: ['suspend'], help: 'back to the calling shell; fg returns' },
  { name: 'save', names: ['save'], help: 'save the view to a text file' },
  { name: 'shell', names: ['shell'], help: 'a shell in the namespace' },
  { name: 'help', names: ['help'], help: 'the keys' },
  { name: 'quit', names: ['quit', 'q', 'exit'], help: 'quit' },
] as const

export type CommandName = (typeof COMMANDS)[number]['name']
