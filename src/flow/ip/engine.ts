import type { Link } from '../../model/snapshot.ts'
import type { Ip } from '../address.ts'
import type { RefusalReply } from '../firewall/stopped.ts'
import { type Frame, packetOf } from '../link/frame.ts'
import type { Medium, Resolved } from '../link/medium.ts'
import { receive } from '../link/receive.ts'
import { transmit } from '../link/transmit.ts'
import type { Packet } from '../packet.ts'
import type { Outcome, Run } from '../run.ts'
import type { Space, SpaceLink } from '../world.ts'
import { sendRefusal } from './errors.ts'
import { receivePacket } from './input.ts'
import { resolveNeighbour } from './neighbour.ts'
import { sendPacket } from './output.ts'
import { hearQuestion } from './question.ts'

/** One run of the network in the facts: links carry frames, namespaces route packets. */
export class Engine implements Medium {
  readonly run: Run

  constructor(run: Run) {
    this.run = run
  }

  transmit(at: SpaceLink, frame: Frame): Outcome {
    return transmit(this, at, frame)
  }

  receive(at: SpaceLink, frame: Frame): Outcome {
    return receive(this, at, frame)
  }

  deliver(at: SpaceLink, frame: Frame): Outcome {
    const packet = packetOf(frame)
    if (packet !== undefined) return receivePacket(this, at, frame, packet)
    if ('target' in frame.body) hearQuestion(this, at, frame.body)
    return { kind: 'ignored' }
  }

  send(space: Space, packet: Packet): Outcome {
    return sendPacket(this, space, packet)
  }

  resolve(at: SpaceLink, target: Ip, asker: Ip | undefined): Resolved {
    return resolveNeighbour(this, at, target, asker)
  }

  refuse(space: Space, packet: Packet, how: { readonly with: string; readonly in?: Link | undefined }): RefusalReply {
    return sendRefusal(this, space, packet, how.with)
  }
}
