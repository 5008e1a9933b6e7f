import { execFile } from 'node:child_process'

const MAXIMUM_OUTPUT_BYTES = 512 * 1024 * 1024

export interface CommandOptions {
  /** Written to stdin. */
  readonly input?: string
  readonly timeoutMs?: number
  readonly environment?: Readonly<Record<string, string>>
}

export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  /** Exit status; 1 also for a program that was killed or does not exist. */
  readonly status: number
}

/** Runs a program to its end, whatever its exit status. */
export function tryRun(
  command: string,
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      [...commandArguments],
      {
        maxBuffer: MAXIMUM_OUTPUT_BYTES,
        timeout: options.timeoutMs ?? 60_000,
        env: { ...process.env, ...options.environment },
      },
      (error, stdout, stderr) => resolve({ stdout, stderr: stderr || (error?.message ?? ''), status: statusOf(error) }),
    )
    // a program that ends without reading its input is judged by its exit status
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}

/** Runs a program and gives its stdout; throws its stderr when it fails. */
export async function run(
  command: string,
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { stdout, stderr, status } = await tryRun(command, commandArguments, options)
  if (status !== 0) throw new Error(`${command} ${commandArguments.join(' ')}: exit ${status}: ${stderr.trim()}`)
  return stdout
}

function statusOf(error: { code?: number | string | null | undefined } | null): number {
  if (error === null) return 0
  return typeof error.code === 'number' ? error.code : 1
}
