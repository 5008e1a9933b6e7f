import { arch, release, type } from 'node:os'
import type { RingFrame } from '../kernel/packets/packet-ring.ts'
import { ByteWriter } from '../measure/capture/byte-writer.ts'
import { CaptureFile, type RotateOptions } from '../measure/capture/capture-file.ts'
import { tellParent } from '../measure/capture/capture-news.ts'
import type { InterfaceSlot } from '../measure/capture/captured-interfaces.ts'
import { Conversations } from '../measure/capture/conversations.ts'
import { frameBytes, timeOf } from '../measure/capture/frame-bytes.ts'
import type { CaptureListener } from '../measure/capture/run-capture.ts'
import { decodePacket } from '../model/packets/decode-packet.ts'
import { vxlanPortsOf } from '../model/packets/vxlan-ports.ts'
import { encodeStatistics, LINKTYPE } from '../model/pcapng/blocks.ts'
import { packetFlags } from '../model/pcapng/packet-chunk.ts'
import type { HostSnapshot, Namespace } from '../model/snapshot.ts'
import { wiringOf } from '../model/wiring.ts'
import { packetJson, packetLine, type SeenPacket } from '../report/packets/packet-line.ts'
import { addressNames, type NameOfAddress } from '../report/packets/packet-names.ts'
import { packetRecord, type RecordedFrame } from '../report/packets/packet-record.ts'
import { conversationText } from '../report/packets/packet-text.ts'
import { sanitise } from '../report/sanitise.ts'
import type { PacketLines } from './capture-lines.ts'
import { jsonText } from './output.ts'

/** Of this program, put here by scripts/build.mjs. */
declare const TSNET_VERSION: string

export interface CaptureWriterOptions {
  readonly snapshot: HostSnapshot
  /** Where packets go as pcapng; absent = nowhere. */
  readonly file?: { readonly to: string | number; readonly rotate?: RotateOptions; readonly mostBytes?: number }
  /** Lines of packets on stdout. */
  readonly lines?: PacketLines
  readonly filter?: string
  readonly snaplen?: number
  readonly note: (text: string) => void
}

/** Around the bytes of a packet, its comment included. */
const MOST_AROUND_BYTES = 300
const STDOUT = 1
const PACKET_OUTGOING = 4

/** Writes what is captured: a file, lines, or both. */
export class CaptureWriter implements CaptureListener {
  readonly #options: CaptureWriterOptions
  readonly #file: CaptureFile | undefined
  readonly #stdout: ByteWriter | undefined
  readonly #vxlanPorts: readonly number[]
  readonly #slots: InterfaceSlot[] = []
  readonly #names = new Map<number, NameOfAddress>()
  readonly #conversations = new Conversations()
  readonly #startNs = BigInt(Date.now()) * 1_000_000n
  #lines: string[] = []
  #fileSince = performance.now()

  /** @throws TsnetError `input` for a file that cannot be written */
  constructor(options: CaptureWriterOptions) {
    this.#options = options
    this.#vxlanPorts = vxlanPortsOf(options.snapshot)
    this.#stdout = options.lines === undefined ? undefined : new ByteWriter(STDOUT)
    this.#file = options.file === undefined ? undefined : this.#open(options.file)
  }

  #open({ to, rotate }: NonNullable<CaptureWriterOptions['file']>): CaptureFile {
    return new CaptureFile({
      to,
      section: { application: `tsnet-shoot ${TSNET_VERSION}`, os: `${type()} ${release()} ${arch()}` },
      statistics: () => this.#statistics(),
      onFile: () => {
        this.#conversations.forget()
        this.#fileSince = performance.now()
      },
      ...(rotate === undefined ? {} : { rotate }),
    })
  }

  get file(): CaptureFile | undefined {
    return this.#file
  }

  get isFull(): boolean {
    return this.#file?.isFull === true || this.#stdout?.isFull === true
  }

  get hasEnded(): boolean {
    return this.#file?.hasEnded === true || this.#stdout?.failure !== undefined
  }

  async ready(): Promise<void> {
    await this.#file?.ready()
    if (this.#stdout?.isFull === true) await this.#stdout.settled()
  }

  onStart(places: readonly string[]): void {
    tellParent({ capturing: places })
    const [most, more] = [places.slice(0, LISTED), Math.max(0, places.length - LISTED)]
    this.#options.note(`capturing on ${most.join(', ')}${more > 0 ? ` and ${more} more` : ''}`)
  }

  onNote(text: string): void {
    tellParent({ note: text })
    this.#options.note(text)
  }

  onDropped(dropped: number): void {
    tellParent({ dropped })
  }

  onInterface(slot: InterfaceSlot): void {
    this.#slots.push(slot)
    const { snapshot, snaplen = 0, filter } = this.#options
    this.#file?.addInterface({
      name: sanitise(slot.name),
      description: sanitise(describe(snapshot, slot)),
      linkType: slot.begins === 'ethernet' ? LINKTYPE.ETHERNET : LINKTYPE.RAW,
      snaplen,
      ...(filter === undefined ? {} : { filter }),
    })
  }

  onPacket(frame: RingFrame, slot: InterfaceSlot): boolean {
    if (this.#file !== undefined && !this.#write(this.#file, frame, slot)) return false
    if (this.#stdout !== undefined) this.#say(frame, slot)
    return true
  }

  #write(file: CaptureFile, frame: RingFrame, slot: InterfaceSlot): boolean {
    const bytes = frame.end - frame.start + MOST_AROUND_BYTES
    const { mostBytes } = this.#options.file ?? {}
    if (mostBytes !== undefined && file.bytes + bytes > mostBytes) return false
    file.makeRoom(bytes)
    const comment = this.#conversations.isNew(frame, slot) ? this.#comment(frame, slot) : undefined
    file.addPacket(frame, { interface: slot.position, flags: packetFlags(frame.type), comment })
    return true
  }

  /** `at web: web:40000 (172.19.0.3) → db:8500 (172.19.0.2) TCP`. */
  #comment(frame: RingFrame, slot: InterfaceSlot): string {
    const packet = decodePacket(frameBytes(frame), { start: slot.begins, vxlanPorts: this.#vxlanPorts })
    return sanitise(`at ${slot.namespace}: ${conversationText(packet, this.#namesAt(slot.inode))}`, {
      max: LONGEST_COMMENT,
    })
  }

  #namesAt(inode: number): NameOfAddress {
    let names = this.#names.get(inode)
    if (names === undefined) {
      names = addressNames(wiringOf(this.#options.snapshot), inode)
      this.#names.set(inode, names)
    }
    return names
  }

  #say(frame: RingFrame, slot: InterfaceSlot): void {
    const bytes = frameBytes(frame)
    const seen: SeenPacket = {
      place: slot.name,
      timeNs: timeOf(frame),
      direction: frame.type === PACKET_OUTGOING ? 'out' : 'in',
      length: frame.length + bytes.length - (frame.end - frame.start),
      packet: decodePacket(bytes, { start: slot.begins, vxlanPorts: this.#vxlanPorts }),
    }
    const recorded = { namespace: slot.inode, begins: slot.begins, bytes }
    this.#lines.push(lineOf(seen, this.#namesAt(slot.inode), { lines: this.#options.lines, recorded }))
  }

  onRound(): void {
    const { rotate } = this.#options.file ?? {}
    if (rotate?.ms !== undefined && performance.now() - this.#fileSince >= rotate.ms) this.#file?.rotate()
    this.#file?.flush()
    if (this.#lines.length === 0) return
    this.#stdout?.add(Buffer.from(`${this.#lines.join('\n')}\n`))
    this.#lines = []
  }

  #statistics(): Uint8Array[] {
    const endNs = BigInt(Date.now()) * 1_000_000n
    return this.#slots.map(({ position, received, ring, namespace }, _, all) => {
      const isFirst = all.find((slot) => slot.ring === ring)?.position === position
      const shared = ring?.link === 0 && all.filter((slot) => slot.ring === ring).length > 1
      return encodeStatistics({
        interface: position,
        startNs: this.#startNs,
        endNs,
        received,
        // the kernel counts what it lost of a socket, which may be that of several interfaces
        dropped: isFirst ? (ring?.drops ?? 0) : 0,
        ...(shared && isFirst ? { comment: sanitise(`dropped: of all interfaces of ${namespace}`) } : {}),
      })
    })
  }

  /** Everything is written when it resolves. @param isInterrupted whoever reads slowly is not waited for */
  async close(isInterrupted: boolean): Promise<void> {
    this.onRound()
    if (isInterrupted) {
      this.#file?.abandon()
      this.#stdout?.abandon()
    }
    await this.#file?.close()
    await this.#stdout?.settled()
  }
}

const LISTED = 12
const LONGEST_COMMENT = 200

export function lineOf(
  seen: SeenPacket,
  names: NameOfAddress,
  { lines, recorded }: { readonly lines: PacketLines | undefined; readonly recorded: RecordedFrame },
): string {
  if (lines === 'text' || lines === undefined) return packetLine(seen, names)
  return jsonText(lines === 'json' ? packetJson(seen, names) : packetRecord(seen, names, recorded), false)
}

/** `docker web (pets/web:1, 0123456789ab), veth 02:42:ac:11:00:02`. */
function describe(snapshot: HostSnapshot, { inode, index }: InterfaceSlot): string {
  const wiring = wiringOf(snapshot)
  const link = wiring.link(inode, index)
  const { kind = '', mac = '' } = link ?? {}
  return [ownerText(snapshot, wiring.namespace(inode)), `${kind} ${mac}`.trim()].filter(Boolean).join(', ')
}

function ownerText({ containers }: HostSnapshot, namespace: Namespace | undefined): string {
  if (namespace === undefined) return ''
  const { owner, inode } = namespace
  const container = containers.find((each) => each.namespace === inode)
  const name = owner.lab === undefined ? owner.name : `${owner.lab}/${owner.name}`
  const details = container === undefined ? '' : ` (${container.image ?? ''} ${container.id.slice(0, 12)})`
  return `${owner.kind} ${name}${details}`
}
