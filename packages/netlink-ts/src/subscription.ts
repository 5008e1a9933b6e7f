import { closeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { NetlinkError } from './error.ts'
import { checked, eventfd, write } from './libc.ts'
import { errnoText, type Message, messages } from './message.ts'
import type { NetlinkSocket } from './socket.ts'
import { Writer } from './writer.ts'

/**
 * What a subscription gives: a message with the tag of the socket it came from; or `overrun`, when the
 * kernel dropped notifications of that socket, so that everything known from it must be read again.
 */
export type Notification<Tag> =
  | { readonly tag: Tag; readonly message: Message; readonly overrun?: never }
  | { readonly tag: Tag; readonly message?: never; readonly overrun: true }

/** Notifications that may wait to be iterated. */
const QUEUE_LIMIT = 65_536

interface FromWorker {
  readonly id: number
  readonly datagrams?: readonly Uint8Array[]
  readonly overrun?: true
  readonly failed?: number
  readonly removed?: true
}

/**
 * Notifications of many sockets, read by one worker thread that blocks in poll(2): the caller's thread
 * never does, and a burst is taken from the kernel while the caller is busy.
 *
 * Iterate it (`for await`), or give a listener. Sockets given to it belong to it and are closed by it.
 */
export class Subscription<Tag> implements AsyncIterable<Notification<Tag>> {
  readonly #wakeFd = checked('eventfd', eventfd())
  readonly #worker: Worker
  readonly #sockets = new Map<number, { readonly socket: NetlinkSocket; readonly tag: Tag }>()
  readonly #queue: Notification<Tag>[] = []
  readonly #listener: ((notification: Notification<Tag>) => void) | undefined
  #waiting: { resolve: () => void; reject: (error: unknown) => void } | undefined
  #failure: unknown
  #nextId = 1
  #ended: Promise<void> | undefined

  constructor(listener?: (notification: Notification<Tag>) => void) {
    this.#listener = listener
    this.#worker = new Worker(new URL('./event-worker.mjs', import.meta.url), {
      workerData: { wakeFd: this.#wakeFd },
      // a test runner's or bundler's own flags are of no use there
      execArgv: [],
    })
    this.#worker.on('message', (message: FromWorker) => this.#take(message))
    this.#worker.on('error', (error) => this.#fail(error))
  }

  /** Number of sockets being read. */
  get size(): number {
    return this.#sockets.size
  }

  /** Starts to read a socket; the returned function stops it and closes the socket. */
  add(socket: NetlinkSocket, tag: Tag): () => void {
    if (this.#ended) throw new NetlinkError('usage', 'subscription: already closed')
    const id = this.#nextId++
    this.#sockets.set(id, { socket, tag })
    this.#tell({ add: id, fd: socket.fd })
    return () => {
      if (!this.#ended && this.#sockets.has(id)) this.#tell({ remove: id })
    }
  }

  /** Ends the worker and closes every socket. Idempotent. */
  close(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()))
    this.#tell({ end: true })
    await exited
    closeSync(this.#wakeFd)
    for (const { socket } of this.#sockets.values()) socket.close()
    this.#sockets.clear()
    this.#waiting?.resolve()
  }

  #tell(message: unknown): void {
    this.#worker.postMessage(message)
    checked('wake the reader', write(this.#wakeFd, new Writer().u64(1).finish()))
  }

  #take({ id, datagrams, overrun, failed, removed }: FromWorker): void {
    const source = this.#sockets.get(id)
    if (!source) return
    if (removed || failed !== undefined) {
      // Closed only now: the worker no longer polls this descriptor, whose number may be used again.
      this.#sockets.delete(id)
      source.socket.close()
      if (failed !== undefined)
        this.#fail(new NetlinkError('system', `receive: ${errnoText(failed)}`, { errno: failed }))
      return
    }
    if (overrun) this.#give({ tag: source.tag, overrun: true })
    for (const datagram of datagrams ?? []) this.#giveAll(source.tag, datagram)
  }

  #giveAll(tag: Tag, datagram: Uint8Array): void {
    try {
      for (const message of messages(datagram)) this.#give({ tag, message })
    } catch {
      // A datagram that cannot be read is a notification lost.
      this.#give({ tag, overrun: true })
    }
  }

  #give(notification: Notification<Tag>): void {
    if (this.#listener) {
      this.#listener(notification)
      return
    }
    if (this.#queue.length >= QUEUE_LIMIT) this.#drop()
    this.#queue.push(notification)
    this.#waiting?.resolve()
  }

  /** Nobody reads fast enough: what waits is lost, which is what `overrun` says. */
  #drop(): void {
    const tags = new Set(this.#queue.map(({ tag }) => tag))
    this.#queue.length = 0
    for (const tag of tags) this.#queue.push({ tag, overrun: true })
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#waiting?.reject(error)
    if (!this.#listener) return
    // A listener has no way to be told; a reader that is silently dead would be worse than the end of the program.
    queueMicrotask(() => {
      throw error
    })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Notification<Tag>> {
    for (;;) {
      while (this.#queue.length > 0) yield this.#queue.shift() as Notification<Tag>
      if (this.#failure) throw this.#failure
      if (this.#ended) return
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { resolve, reject }
      })
      this.#waiting = undefined
    }
  }
}
