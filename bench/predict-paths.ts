import { readFileSync } from 'node:fs'
import type { Flow, MatrixTarget } from '../src/flow/journey.ts'
import { predictMatrix } from '../src/flow/matrix.ts'
import { predict } from '../src/flow/predict.ts'
import { type Space, World } from '../src/flow/world.ts'
import type { HostSnapshot } from '../src/model/snapshot.ts'

/**
 * Run by node: `predict-paths.mjs SNAPSHOT SIDE PORT`. Predicts from the snapshot of a host with containers: the first path
 * in a new process, the first path of facts nobody looked at before (everything that is indexed is in it, reading the file is
 * not), paths after that, and SIDE × SIDE of them. Prints milliseconds.
 */
const [, , file = '', side = '0', port = '80'] = process.argv
const ROUNDS = 9
const PATHS = 400

const text = readFileSync(file, 'utf8')
const fresh: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  const snapshot = JSON.parse(text) as HostSnapshot
  // what reading left behind is not collected while a prediction is timed
  global.gc?.()
  fresh.push(timed(() => expectAnswered(new World({ snapshots: [snapshot] }), round)))
}
const world = new World({ snapshots: [JSON.parse(text) as HostSnapshot] })
for (let number = 0; number < PATHS; number++) expectAnswered(world, number)
const warm = Array.from({ length: PATHS }, (_, number) => timed(() => expectAnswered(world, number)))
const containers = containersOf(world).slice(0, Number(side))
const targets = containers.map((space): MatrixTarget => {
  return { name: space.name, address: addressOf(space), protocol: 'tcp', port: Number(port) }
})
let cells = 0
const matrix = timed(() => {
  cells = predictMatrix(world, containers, targets).filter(({ isAnswered }) => isAnswered).length
})
const [first = 0, ...others] = fresh
process.stdout.write(JSON.stringify({ first, cold: median(others), warm: median(warm), matrix, cells }))

function expectAnswered(facts: World, number: number): void {
  const containers = containersOf(facts)
  const from = containers[number % containers.length] as Space
  const to = containers[(number * 7 + 1) % containers.length] as Space
  const flow: Flow = {
    source: { namespace: from.namespace.inode, name: from.name },
    destination: addressOf(to),
    protocol: 'tcp',
    destinationPort: Number(port),
  }
  const { verdict, reason, reply } = predict(facts, flow)
  if (reply?.verdict !== 'delivered') throw new Error(`${from.name} → ${to.name}: ${verdict}: ${reason}`)
}

function containersOf({ spaces }: World): readonly Space[] {
  return spaces.filter(({ name }) => /^c\d+$/.test(name))
}

function addressOf({ namespace }: Space): string {
  const own = namespace.addresses.find(({ scope, address }) => scope === 'global' && !address.includes(':'))
  return own?.address.split('/')[0] ?? ''
}

function timed(run: () => void): number {
  const start = process.hrtime.bigint()
  run()
  return Number(process.hrtime.bigint() - start) / 1e6
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
