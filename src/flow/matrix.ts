import { failedLeg } from '../model/journey-legs.ts'
import type { Flow, Journey, MatrixCell, MatrixTarget } from './journey.ts'
import { predict } from './predict.ts'
import type { Space, World } from './world.ts'

/** Predicts every source against every target. A cell is small: the whole journey is a prediction away. */
export function predictMatrix(world: World, sources: readonly Space[], targets: readonly MatrixTarget[]): MatrixCell[] {
  return sources.flatMap((source) =>
    targets.map((target) => cellOf(predict(world, flowTo(source, target)), source, target)),
  )
}

function flowTo(
  { namespace, host, name, world }: Space,
  { name: destinationName, address, protocol, port }: MatrixTarget,
): Flow {
  return {
    source: { namespace: namespace.inode, name, ...(world.facts.snapshots.length > 1 ? { host } : {}) },
    destination: address,
    destinationName,
    protocol,
    ...(port === undefined ? {} : { destinationPort: port }),
  }
}

function cellOf(journey: Journey, { name }: Space, target: MatrixTarget): MatrixCell {
  const { verdict, reason } = journey
  const failed = failedLeg(journey)
  const isLater = failed !== undefined && failed.position > 0
  const why = isLater ? `${failed.name} is ${failed.leg.verdict}: ${failed.leg.reason}` : reason
  return { from: name, to: target, verdict, isAnswered: failed === undefined, reason: why }
}

/** Every port that somebody in a container listens on, at every address it has: what a matrix is about by default. */
export function listeningTargets(spaces: readonly Space[]): MatrixTarget[] {
  return spaces.flatMap((space) => {
    const addresses = space.namespace.addresses
      .filter(({ scope, address }) => scope === 'global' && !address.includes(':'))
      .map(({ address }) => address.split('/')[0] ?? '')
    const ports = space.namespace.sockets.filter(
      ({ protocol, state, local, localPort }) =>
        (protocol === 'tcp' ? state === 'LISTEN' : protocol === 'udp' && state === 'UNCONN') &&
        localPort !== undefined &&
        !local.startsWith('127.'),
    )
    const seen = new Set(ports.map(({ protocol, localPort }) => `${protocol} ${localPort}`))
    return addresses.flatMap((address) =>
      [...seen].map((each) => {
        const [protocol = '', port] = each.split(' ')
        return { name: space.name, address, protocol, port: Number(port) }
      }),
    )
  })
}
