import { readHost } from '../src/inspect/read-host.ts'

/** Run by node: reads the connections of the namespace named by the first argument, and says how many. */
const [, , name = ''] = process.argv
const { connections } = await readHost({
  kinds: [],
  connections: true,
  choose: ({ namespaces }) => namespaces.filter(({ names }) => names.includes(name)).map(({ inode }) => inode),
})
process.stdout.write(`${[...connections.values()].reduce((sum, entries) => sum + entries.length, 0)}\n`)
