import { readHost } from '../../../src/inspect/read-host.ts'
import { KINDS } from '../../../src/model/snapshot.ts'

/** Run by node inside the world: everything that the inspector sees there, as JSON. */
const { snapshot, connections } = await readHost({ kinds: KINDS, connections: true })
process.stdout.write(JSON.stringify({ snapshot, connections: [...connections] }))
