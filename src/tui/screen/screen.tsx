import { type Instance, render } from 'ink'
import { messageOf } from '../../errors.ts'
import type { LiveHost } from '../../inspect/live-host.ts'
import { nameOf } from '../../model/wiring.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { AskService } from '../asks/ask.ts'
import { wantedAsks } from '../asks/wanted-asks.ts'
import type { CaptureService } from '../capture/capture.ts'
import { CaptureDesk } from '../capture/capture-desk.ts'
import { pcapngBytes } from '../capture/pcapng-bytes.ts'
import type { LabService } from '../labs/lab.ts'
import { App } from '../panels/app.tsx'
import { type Frame, frameOf, isSameFrame } from '../panels/frame.ts'
import { type Palette, paletteOf } from '../panels/palette.ts'
import { type Effect, type Event, type Host, initialState, QUIET_MS, type State } from '../state.ts'
import { update } from '../update.ts'
import { wantedCapture, wantedOf, wantsLabs } from '../wanted.ts'
import { AskDesk } from './ask-desk.ts'
import { runForeground } from './foreground.ts'
import { FrameStream } from './frame-stream.ts'
import { decodeKeys, decodeRest } from './keyboard.ts'
import { LabDesk } from './lab-desk.ts'
import { enterablePath, runShell, shellCommand } from './shell.ts'
import { type Signals, watchSignals } from './signals.ts'
import { type Output, Terminal } from './terminal.ts'

export interface ScreenOptions {
  readonly input: NodeJS.ReadStream
  readonly output: Output
  readonly environment: NodeJS.ProcessEnv
  /** Saves text and says where it went. */
  save(name: string, content: string | Uint8Array): Promise<string>
  /** What runs this program: an executable and its first arguments. */
  readonly program: readonly [string, ...string[]]
  readonly labs: LabService
  readonly asks: AskService
  readonly captures: CaptureService
}

/** A lone escape is told from the start of a sequence by what comes within this time. */
const ESCAPE_MS = 40
/** At most so often a frame that no key asked for. */
const FRAME_MS = 100

/** Ties the state machine to a terminal: keys in, frames out, effects done. */
export class Screen {
  readonly #host: LiveHost
  readonly #options: ScreenOptions
  readonly #terminal: Terminal
  readonly #palette: Palette
  readonly #frames: FrameStream
  readonly #labs: LabDesk
  readonly #asks: AskDesk
  readonly #captures: CaptureDesk
  #state: State
  #ink: Instance | undefined
  #frame: Frame | undefined
  #rest = ''
  #escapeTimer: NodeJS.Timeout | undefined
  #frameTimer: NodeJS.Timeout | undefined
  #tickTimer: NodeJS.Timeout | undefined
  #wanted = ''
  #away = false
  /** While a command has the terminal: what any key does. */
  #onAnyKey: (() => void) | undefined
  #signals: Signals | undefined
  #finish: (status: number) => void = () => undefined

  constructor(host: LiveHost, options: ScreenOptions) {
    this.#host = host
    this.#options = options
    this.#terminal = new Terminal(options.input, options.output)
    this.#palette = paletteOf(options.environment)
    const { size } = this.#terminal
    this.#labs = new LabDesk(options.labs, (event) => this.#dispatch(event))
    this.#asks = new AskDesk(options.asks, (event) => this.#dispatch(event))
    this.#captures = new CaptureDesk(options.captures, (key, event) => this.#dispatch({ type: 'capture', key, event }))
    this.#frames = new FrameStream(size, (text) => this.#terminal.write(text))
    this.#state = initialState(hostOf(host), size, performance.now())
  }

  async run(): Promise<number> {
    const { input, output } = this.#options
    const finished = new Promise<number>((resolve) => {
      this.#finish = resolve
    })
    this.#signals = watchSignals(this.#terminal, {
      end: (status) => this.#finish(status),
      suspend: () => this.#suspend('self'),
      resume: () => this.#repaint(),
    })
    const unsubscribe = this.#host.subscribe(() =>
      this.#dispatch({ type: 'host', host: hostOf(this.#host), nowMs: performance.now() }),
    )
    const onData = (chunk: Buffer | string): void => this.#read(chunk.toString())
    const onResize = (): void => this.#resize()
    // the terminal is gone: nobody is there to look
    const onEnd = (): void => this.#finish(129)
    output.on('resize', onResize)
    input.on('end', onEnd)
    input.setEncoding('utf8')
    input.on('data', onData)
    try {
      this.#terminal.enter()
      this.#draw()
      this.#look()
      return await finished
    } finally {
      for (const timer of [this.#escapeTimer, this.#frameTimer, this.#tickTimer]) clearTimeout(timer)
      output.off('resize', onResize)
      input.off('end', onEnd)
      input.off('data', onData)
      input.pause()
      unsubscribe()
      this.#ink?.unmount()
      this.#terminal.leave()
      this.#signals.forget()
      this.#asks.close()
      await this.#captures.close()
      await this.#closeLabs()
    }
  }

  /** Nobody waits in front of a terminal that does not say what for. */
  async #closeLabs(): Promise<void> {
    const { waitingFor, closed } = this.#labs.close()
    if (waitingFor.length > 0) process.stderr.write(`finishing with ${sanitise(waitingFor.join(', '))}…\n`)
    await closed
  }

  #read(chunk: string): void {
    if (this.#onAnyKey !== undefined) {
      this.#onAnyKey()
      return
    }
    clearTimeout(this.#escapeTimer)
    const { keys, rest } = decodeKeys(this.#rest + chunk)
    this.#rest = rest
    this.#type(keys)
    if (rest !== '') this.#escapeTimer = setTimeout(() => this.#endSequence(), ESCAPE_MS)
  }

  #endSequence(): void {
    const keys = decodeRest(this.#rest)
    this.#rest = ''
    this.#type(keys)
  }

  /** All keys of one chunk are one frame: a held arrow key never falls behind. */
  #type(keys: readonly string[]): void {
    if (this.#away || keys.length === 0) return
    for (const key of keys) this.#apply({ type: 'key', key })
    this.#draw()
    this.#look()
  }

  #dispatch(event: Event): void {
    this.#apply(event)
    this.#frameTimer ??= setTimeout(() => {
      this.#frameTimer = undefined
      this.#draw()
      this.#look()
    }, FRAME_MS)
  }

  #apply(event: Event): void {
    const { state, effects } = update(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#run(effect)
  }

  #draw(): void {
    if (this.#away) return
    const frame = frameOf(this.#state, this.#palette)
    this.#planTick()
    if (isSameFrame(this.#frame, frame)) return
    this.#frame = frame
    const app = <App frame={frame} />
    if (this.#ink === undefined) {
      this.#ink = render(app, {
        stdout: this.#frames as unknown as NodeJS.WriteStream,
        stdin: this.#options.input,
        // every frame whole: FrameStream finds out what of it is new
        debug: true,
        exitOnCtrlC: false,
        patchConsole: false,
      })
    } else {
      this.#ink.rerender(app)
    }
  }

  /** A flash has to end, and what is looked for in vain to be given up, even when nothing else happens. */
  #planTick(): void {
    const { flashes, sought, quietUntilMs } = this.#state
    if (this.#tickTimer !== undefined || (flashes.size === 0 && sought === undefined)) return
    const patience =
      sought === undefined ? Number.POSITIVE_INFINITY : Math.max(quietUntilMs, performance.now() + QUIET_MS)
    const soonest = Math.min(patience, ...flashes.values())
    this.#tickTimer = setTimeout(
      () => {
        this.#tickTimer = undefined
        this.#apply({ type: 'tick', nowMs: performance.now() })
        this.#draw()
      },
      Math.max(0, soonest - performance.now()) + 1,
    )
  }

  /** Only what is on the screen is read. */
  #look(): void {
    this.#asks.look(wantedAsks(this.#state))
    this.#captures.look(wantedCapture(this.#state))
    this.#labs.look(this.#host.status !== 'saved' && wantsLabs(this.#state))
    const wanted = wantedOf(this.#state)
    const key = JSON.stringify(wanted)
    if (key === this.#wanted) return
    this.#wanted = key
    this.#host.want(wanted)
    this.#apply({ type: 'looking', nowMs: performance.now() })
    const { scope, view } = this.#state.place
    if (view === 'conntrack' && typeof scope === 'number') this.#readConnections(scope)
  }

  #readConnections(namespace: number): void {
    this.#host.conntrack(namespace).then(
      (entries) => this.#dispatch({ type: 'connections', connections: { namespace, entries } }),
      (error: unknown) => {
        const text = sanitise(messageOf(error))
        this.#dispatch({ type: 'connections', connections: { namespace, entries: [], error: text } })
      },
    )
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'quit':
        this.#finish(0)
        break
      case 'suspend':
        this.#suspend('job')
        break
      case 'redraw':
        this.#repaint()
        break
      case 'shell':
        this.#shell(effect.namespace).catch(this.#report)
        break
      case 'run':
        this.#runForeground(effect.words).catch(this.#report)
        break
      case 'lab':
        this.#labs.start(effect.kind, effect.lab)
        break
      case 'stop-lab':
        this.#labs.stop(effect.lab)
        break
      case 'translations':
        this.#readTranslations(effect.namespaces).catch(this.#report)
        break
      case 'write-packets':
        this.#save(effect.name, writtenPackets(effect)).catch(this.#report)
        break
      case 'save':
        this.#save(effect.name, effect.text).catch(this.#report)
        break
    }
  }

  readonly #report = (error: unknown): void => {
    this.#dispatch({ type: 'notice', notice: { text: sanitise(messageOf(error)), tone: 'error' } })
  }

  /** What cannot be read translates nothing that is known. */
  async #readTranslations(namespaces: readonly number[]): Promise<void> {
    const tables = await Promise.allSettled(namespaces.map((inode) => this.#host.conntrack(inode)))
    const entries = tables.flatMap((table) => (table.status === 'fulfilled' ? table.value : []))
    this.#dispatch({ type: 'translations', entries })
  }

  async #save(name: string, text: string | Uint8Array): Promise<void> {
    const answer = await this.#options.save(name, text)
    this.#dispatch({
      type: 'notice',
      notice: { text: sanitise(answer), tone: answer.startsWith('saved') ? 'good' : 'error' },
    })
  }

  #suspend(group: 'job' | 'self'): void {
    this.#terminal.leave()
    this.#signals?.stop(group)
  }

  /** After a stop or another program on this terminal: everything is drawn again. */
  #repaint(): void {
    if (this.#away) return
    this.#terminal.leave()
    this.#terminal.enter()
    this.#resize()
  }

  #resize(): void {
    const { size } = this.#terminal
    this.#frames.forget(size)
    this.#frame = undefined
    this.#apply({ type: 'resize', size })
    this.#draw()
  }

  /** Its lines stay until a key is pressed; a key before that ends it. */
  async #runForeground(words: readonly string[]): Promise<void> {
    this.#away = true
    this.#terminal.leave()
    this.#options.input.setRawMode(true)
    process.stderr.write(`${sanitise(words.join(' '))}   (any key ends it)\n`)
    const running = runForeground(this.#options.program, words)
    this.#onAnyKey = running.stop
    const problem = await running.ended
    if (problem !== undefined) process.stderr.write(`✖ ${sanitise(problem)}\n`)
    process.stderr.write('any key returns to the screen\n')
    await new Promise<void>((resolve) => {
      this.#onAnyKey = resolve
    })
    this.#onAnyKey = undefined
    this.#away = false
    this.#repaint()
  }

  async #shell(inode: number): Promise<void> {
    const namespace = this.#state.host.snapshot.namespaces.find((each) => each.inode === inode)
    const path = namespace === undefined ? undefined : enterablePath(namespace)
    if (namespace === undefined || path === undefined) {
      return this.#dispatch({
        type: 'notice',
        notice: { text: 'no process and no path leads into this namespace', tone: 'error' },
      })
    }
    const name = sanitise(nameOf(namespace))
    this.#away = true
    this.#options.input.pause()
    this.#terminal.leave()
    process.stderr.write(`Shell in the network namespace of ${name}. exit or ctrl-d returns.\n`)
    const problem = await runShell(shellCommand(path, this.#options.environment), name)
    this.#away = false
    this.#options.input.resume()
    this.#repaint()
    this.#dispatch({
      type: 'notice',
      notice:
        problem === undefined
          ? { text: `back from ${name}`, tone: 'plain' }
          : { text: sanitise(problem), tone: 'error' },
    })
  }
}

function writtenPackets({ packets, filter }: Extract<Effect, { readonly type: 'write-packets' }>): Uint8Array {
  return pcapngBytes(
    packets.map(({ row }) => row),
    filter,
  )
}

function hostOf({ snapshot, status, events }: LiveHost): Host {
  return { snapshot, status, events }
}
