import {
  decodeNftTrace,
  isNftTrace,
  messages,
  NETLINK,
  NetlinkError,
  NetlinkSocket,
  NFNLGRP,
  type NftTrace,
} from 'netlink-ts'
import { TsnetError } from '../errors.ts'
import type { NamespaceSession } from '../inspect/session.ts'
import type { BpfProgram } from '../kernel/packets/bpf.ts'
import { PacketSocket } from '../kernel/packets/packet-socket.ts'
import type { ReceivedFrame } from '../kernel/packets/receive-frames.ts'
import type { Identity } from './identity.ts'
import { addTraceTable, type Conversation, type TraceTable } from './trace-table.ts'

/** A frame, and where it was seen. */
export interface CapturedFrame extends ReceivedFrame {
  readonly namespace: number
}

/** What one rule or policy said, and where. */
export interface RuleEvent extends NftTrace {
  readonly namespace: number
}

export interface ListenOptions {
  readonly filter: BpfProgram
  /** Absent: no table of ours, nobody says what rules do. */
  readonly traced: Identity | Conversation | undefined
}

interface Listener {
  readonly session: NamespaceSession
  readonly packets: PacketSocket
  readonly table?: TraceTable | undefined
  readonly events?: NetlinkSocket | undefined
}

const EVENT_BYTES = 1024 * 1024
const MSG_DONTWAIT = 0x40

/** Ears in every namespace: a packet socket on all interfaces, and the trace of the rules where there are any. */
export class Listeners {
  readonly frames: CapturedFrame[] = []
  readonly events: RuleEvent[] = []
  /** Namespaces that could not be listened to, and what else limits what we see. */
  readonly notes: string[] = []
  readonly #listeners: Listener[] = []
  readonly #buffer = new Uint8Array(64 * 1024)
  readonly #nameOf: (inode: number) => string

  constructor(nameOf: (inode: number) => string) {
    this.#nameOf = nameOf
  }

  open(sessions: readonly NamespaceSession[], { filter, traced }: ListenOptions): void {
    for (const session of sessions) this.#try(session, () => this.#openPackets(session, filter))
    if (traced === undefined) return
    for (const [position, listener] of this.#listeners.entries()) {
      this.#try(listener.session, () => {
        this.#listeners[position] = withRules(listener, traced)
      })
    }
  }

  #openPackets(session: NamespaceSession, filter: BpfProgram): void {
    this.#listeners.push({ session, packets: PacketSocket.open(session, { filter }) })
  }

  /** A namespace that went away is no failure of the whole; what we may not do is. */
  #try(session: NamespaceSession, action: () => void): void {
    try {
      action()
    } catch (error) {
      if (error instanceof TsnetError && error.code === 'privilege') throw error
      if (error instanceof NetlinkError && error.errno === EPERM) {
        throw new TsnetError('privilege', `trace: rules of ${this.#nameOf(session.inode)}: not permitted`, {
          cause: error,
          hint: 'needs CAP_NET_ADMIN: run as root, or with --cap-add NET_ADMIN; or leave rules alone with --no-rules',
        })
      }
      this.notes.push(`${this.#nameOf(session.inode)}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Takes in what has come since. */
  read(): void {
    for (const { session, packets, events } of this.#listeners) {
      for (const frame of packets.read()) this.frames.push({ ...frame, namespace: session.inode })
      if (events !== undefined) this.#readEvents(session.inode, events)
    }
  }

  #readEvents(namespace: number, socket: NetlinkSocket): void {
    for (;;) {
      const length = this.#receive(namespace, socket)
      if (length === undefined) return
      for (const message of messages(this.#buffer, length)) {
        if (isNftTrace(message)) this.events.push({ ...decodeNftTrace(message), namespace })
      }
    }
  }

  #receive(namespace: number, socket: NetlinkSocket): number | undefined {
    try {
      return socket.receiveInto(this.#buffer, MSG_DONTWAIT)
    } catch (error) {
      if (error instanceof NetlinkError && error.code === 'overrun') {
        this.notes.push(`${this.#nameOf(namespace)}: more rule verdicts than could be read`)
        return this.#receive(namespace, socket)
      }
      return undefined
    }
  }

  /** What came by so far. */
  forget(): void {
    this.frames.length = 0
    this.events.length = 0
  }

  /** What was lost, and rule sets that are not as they were. To be asked before {@link close}. */
  review(): void {
    for (const { session, packets, table } of this.#listeners) {
      this.#try(session, () => {
        const { drops } = packets.statistics()
        if (drops > 0) this.notes.push(`${this.#nameOf(session.inode)}: ${drops} packets were lost before we saw them`)
        if (table?.isUnchanged() === false) {
          this.notes.push(`${this.#nameOf(session.inode)}: its rules were changed while we traced`)
        }
      })
    }
  }

  /** Takes the tables away at once; packet sockets are closed in the background, which takes the kernel a while. */
  close(): Promise<unknown> {
    for (const { table, events } of this.#listeners) {
      events?.close()
      table?.close()
    }
    return Promise.all(this.#listeners.splice(0).map(({ packets }) => packets.close()))
  }
}

const EPERM = 1

function withRules(listener: Listener, traced: Identity | Conversation): Listener {
  const { session } = listener
  const table = addTraceTable(session, traced)
  if (table === undefined) return listener
  try {
    const options = { groups: [NFNLGRP.NFTRACE], receiveBuffer: EVENT_BYTES }
    const events = session.inside(() => new NetlinkSocket(NETLINK.NETFILTER, options))
    return { ...listener, table, events }
  } catch (error) {
    table.close()
    throw error
  }
}
