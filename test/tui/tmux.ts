import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A terminal of its own: a tmux server on a socket that nobody else uses. */
export class TmuxTerminal {
  readonly #socket: string

  private constructor(socket: string) {
    this.#socket = socket
  }

  /** A shell without anything of the machine's own configuration. */
  static async open(name: string, size: { readonly columns: number; readonly rows: number }): Promise<TmuxTerminal> {
    const terminal = new TmuxTerminal(`ts-tui-${name}-${process.pid}`)
    const shell = 'env -u CI -u NO_COLOR PS1=READY: ENV= sh -i'
    const { columns, rows } = size
    await terminal.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), shell)
    await terminal.#tmux('set', '-g', 'window-size', 'manual')
    await terminal.waitFor((screen) => screen.includes('READY:'))
    return terminal
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('tmux', ['-L', this.#socket, ...args], { timeout: 20_000 })
    return stdout
  }

  /** Text as typed, then perhaps named keys (`Enter`, `C-z`, `Escape`). */
  async type(text: string, ...keys: readonly string[]): Promise<void> {
    if (text !== '') await this.#tmux('send-keys', '-l', '--', text)
    for (const key of keys) await this.#tmux('send-keys', '--', key)
  }

  resize(columns: number, rows: number): Promise<string> {
    return this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  screen(): Promise<string> {
    return this.#tmux('capture-pane', '-p')
  }

  /** With colours. */
  screenWithColours(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-e')
  }

  /** What tmux knows of the modes that a program left on: `alternate_on`, `mouse_any_flag`, `cursor_flag`… */
  async flag(name: string): Promise<string> {
    return (await this.#tmux('display-message', '-p', `#{${name}}`)).trim()
  }

  /** The process that the shell runs in the foreground. */
  async foreground(): Promise<number> {
    const shell = await this.flag('pane_pid')
    const { stdout } = await run('ps', ['-o', 'tpgid=', '-p', shell])
    return Number(stdout.trim())
  }

  /** The screen, as soon as it is as wanted. */
  async waitFor(isWanted: (screen: string) => boolean, deadlineMs = 20_000): Promise<string> {
    const end = Date.now() + deadlineMs
    for (;;) {
      const screen = await this.screen()
      if (isWanted(screen)) return screen
      if (Date.now() > end) throw new Error(`the screen never became as wanted:\n${screen}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined)
  }
}
