import { close, ftruncateSync, openSync, writeSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { messageOf, TsnetError } from '../../errors.ts'
import {
  encodeInterface,
  encodeSection,
  type InterfaceDescription,
  type SectionDescription,
} from '../../model/pcapng/blocks.ts'
import { PacketChunk, type PacketPlace, type PacketRecord, wholeBlocks } from '../../model/pcapng/packet-chunk.ts'
import { ByteWriter } from './byte-writer.ts'

export interface RotateOptions {
  /** Bytes after which the next file begins. */
  readonly bytes?: number
  readonly ms?: number
  /** The oldest is removed when there would be more. */
  readonly files?: number
}

export interface CaptureFileOptions {
  /** A path, or an open descriptor. */
  readonly to: string | number
  readonly section: SectionDescription
  readonly rotate?: RotateOptions
  /** Statistics blocks of everything so far: the last blocks of each file. */
  readonly statistics: () => readonly Uint8Array[]
  /** A file begins: what was said once a file is said again. */
  readonly onFile?: () => void
}

const CHUNK_BYTES = 1024 * 1024

/** One file of a capture that is being written. */
interface OpenFile {
  readonly name: string
  readonly writer: ByteWriter
  /** Bytes handed to the writer, and bytes that are in the file. */
  given: number
  kept: number
  /** Ends of what was kept lately, each behind a whole block. */
  readonly ends: number[]
}

/**
 * A pcapng file that is written while packets come, or several of them, each complete in itself. When it cannot be
 * written any further it is cut behind its last whole block, so that it can be read.
 */
export class CaptureFile {
  readonly #options: CaptureFileOptions
  readonly #interfaces: Uint8Array[] = []
  readonly #free: PacketChunk[] = []
  readonly #names: string[] = []
  readonly #closing: Promise<void>[] = []
  #chunk = new PacketChunk(CHUNK_BYTES)
  #file: OpenFile
  #failure: TsnetError | undefined
  #number = 0
  #hasPackets = false
  #closedBytes = 0

  /** @throws TsnetError `input` for a file that cannot be opened */
  constructor(options: CaptureFileOptions) {
    this.#options = options
    this.#file = this.#open()
  }

  /** Why writing ended; the reader of a pipe that has seen enough is `isUnread` instead. */
  get failure(): TsnetError | undefined {
    return this.isUnread ? undefined : this.#failure
  }

  get isUnread(): boolean {
    return this.#file.writer.failure?.code === 'EPIPE'
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined || this.#file.writer.failure !== undefined
  }

  get isFull(): boolean {
    return this.#file.writer.isFull
  }

  /** Bytes of all files so far. */
  get bytes(): number {
    return this.#closedBytes + this.#fileBytes
  }

  get #fileBytes(): number {
    return this.#file.given + this.#chunk.used
  }

  addInterface(description: InterfaceDescription): void {
    const block = encodeInterface(description)
    this.#interfaces.push(block)
    this.#addBlock(block)
  }

  addPacket(record: PacketRecord, place: PacketPlace): void {
    this.#hasPackets = true
    if (this.#chunk.addPacket(record, place)) return
    this.flush()
    this.#chunk.addPacket(record, place)
  }

  /** To be called before each packet, with its size: the next file begins when this one is full. */
  makeRoom(bytes: number): void {
    const most = this.#options.rotate?.bytes
    if (most !== undefined && this.#hasPackets && this.#fileBytes + bytes > most) this.rotate()
  }

  /** Ends this file and begins the next one. */
  rotate(): void {
    this.#finish()
    this.#closedBytes += this.#file.given
    this.#file = this.#open()
    for (const block of this.#interfaces) this.#addBlock(block)
    this.#options.onFile?.()
  }

  #addBlock(block: Uint8Array): void {
    if (this.#chunk.addBlock(block)) return
    this.flush()
    this.#chunk.addBlock(block)
  }

  /** What was added goes on its way. */
  flush(): void {
    const chunk = this.#chunk
    if (chunk.used === 0) return
    const file = this.#file
    file.given += chunk.used
    file.writer.add(chunk.bytes, (written) => {
      if (written < chunk.used) this.#endInFailure(file, chunk, written)
      else keep(file, written)
      chunk.clear()
      this.#free.push(chunk)
    })
    this.#chunk = this.#free.pop() ?? new PacketChunk(CHUNK_BYTES)
  }

  /** Room for the statistics is taken from the last packets, so that the file ends as it should. */
  #endInFailure(file: OpenFile, chunk: PacketChunk, written: number): void {
    if (this.#failure !== undefined) return
    const cause = file.writer.failure
    const reason = REASONS[cause?.code ?? ''] ?? messageOf(cause)
    this.#failure = new TsnetError('failed', `write ${file.name}: ${reason}`, {
      cause,
      hint: 'what was captured until then is in the file, and can be read',
    })
    if (typeof this.#options.to === 'number') return
    endFile(file, { chunk: chunk.bytes, written, statistics: this.#options.statistics() })
  }

  #finish(): void {
    for (const block of this.#options.statistics()) this.#addBlock(block)
    this.flush()
    this.#hasPackets = false
    const { writer } = this.#file
    if (typeof this.#options.to === 'number') return
    this.#closing.push(writer.settled().then(() => new Promise((resolve) => close(writer.fd, () => resolve()))))
  }

  /** Ends the last file. Resolves when everything is written. */
  async close(): Promise<void> {
    if (!this.hasEnded) this.#finish()
    await this.#file.writer.settled()
    await Promise.all(this.#closing)
  }

  #open(): OpenFile {
    const { to, rotate } = this.#options
    const name = typeof to === 'number' ? 'stdout' : isRotated(rotate) ? numbered(to, ++this.#number) : to
    const fd = typeof to === 'number' ? to : openFile(name)
    this.#chunk.addBlock(encodeSection(this.#options.section))
    this.#names.push(name)
    if (rotate?.files !== undefined && this.#names.length > rotate.files) {
      const oldest = this.#names.shift()
      // already gone is as good
      if (oldest !== undefined) this.#closing.push(unlink(oldest).catch(() => {}))
    }
    return { name, writer: new ByteWriter(fd), given: 0, kept: 0, ends: [] }
  }

  /** Files that are there. */
  get names(): readonly string[] {
    return this.#names
  }

  /** Resolves when there is room again. */
  ready(): Promise<void> {
    return this.isFull ? this.#file.writer.settled() : Promise.resolve()
  }

  /** Whoever reads the pipe is not waited for. */
  abandon(): void {
    this.#file.writer.abandon()
  }
}

function isRotated(rotate: RotateOptions | undefined): boolean {
  return rotate?.bytes !== undefined || rotate?.ms !== undefined
}

/** `web.pcapng` → `web-00001.pcapng`. */
function numbered(path: string, number: number): string {
  const [, stem = path, extension = ''] = /^(.*?[^/])(\.[^./]+)?$/.exec(path) ?? []
  return `${stem}-${String(number).padStart(5, '0')}${extension}`
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file may not grow any further',
}

const PRIVATE = 0o600

function openFile(name: string): number {
  try {
    return openSync(name, 'w', PRIVATE)
  } catch (cause) {
    throw new TsnetError('input', `write ${name}: ${messageOf(cause)}`, { cause })
  }
}

const MOST_ENDS = 64

function keep(file: OpenFile, written: number): void {
  file.kept += written
  file.ends.push(file.kept)
  if (file.ends.length > MOST_ENDS) file.ends.shift()
}

interface FileEnd {
  /** What could not be written whole, and how much of it was. */
  readonly chunk: Uint8Array
  readonly written: number
  readonly statistics: readonly Uint8Array[]
}

/** Cuts a file behind a whole block, so far from its end that the statistics find room. */
function endFile({ writer: { fd }, kept, ends }: OpenFile, { chunk, written, statistics }: FileEnd): void {
  const blocks = Buffer.concat(statistics)
  const room = kept + written - blocks.length
  const inChunk = kept + wholeBlocks(chunk, room - kept)
  const whole = room >= kept ? inChunk : (ends.findLast((end) => end <= room) ?? kept)
  ftruncateSync(fd, whole)
  if (!isWritten(fd, blocks, whole)) ftruncateSync(fd, whole)
}

function isWritten(fd: number, bytes: Uint8Array, at: number): boolean {
  try {
    return writeSync(fd, bytes, 0, bytes.length, at) === bytes.length
  } catch {
    return false
  }
}
