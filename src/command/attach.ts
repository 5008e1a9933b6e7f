import { readFileSync, readlinkSync } from 'node:fs'
import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { listProcesses, readStartTime } from '../kernel/processes.ts'
import { type FoundContainer, findContainer } from '../owners/docker/find-container.ts'
import { hasImage, removeForsaken, SideContainer } from '../owners/docker/side-container.ts'
import { findDockerSockets } from '../owners/docker/sockets.ts'
import { holdTerminal, onSignal, type RunningContainer } from './attach-terminal.ts'
import { enterSelected } from './enter.ts'
import { ownerOptionsOf } from './facts.ts'

export const DEFAULT_IMAGE = 'tsnet-shoot'

/**
 * A container with our tools beside a running one, or, where that cannot be, the tools of this host in its network.
 * @returns the exit status of the command
 * @throws TsnetError `usage` when nothing has that name or it does not run, `failed` when the engine refuses
 */
export async function attach(context: Context): Promise<number> {
  const [target = ''] = context.positionals
  const image = context.options.text('image') ?? DEFAULT_IMAGE
  const { found, reason } = await search(context, target.replace(/^docker:/, ''))
  if (found === undefined) return enterInstead(context, target, reason)
  if (found.state !== 'running') {
    throw new TsnetError('usage', `attach ${target}: the container is ${found.state || 'in no state to be joined'}`, {
      hint: `docker ${found.state === 'paused' ? 'unpause' : 'start'} ${found.name}`,
    })
  }
  const gone = await removeForsaken(found.socket, isGone)
  if (gone > 0) context.output.note(`${gone} left behind by an attach that was killed: removed`)
  if (await hasImage(found.socket, image)) return runBeside(found, image, context.rest)
  return enterInstead(
    context,
    `docker:${found.id}`,
    `the engine has no image ${image} (docker build -t ${DEFAULT_IMAGE} . makes it, --image names another)`,
  )
}

async function search(
  context: Context,
  name: string,
): Promise<{ readonly found: FoundContainer | undefined; readonly reason: string }> {
  const { dockerSockets = [], dockerHost } = ownerOptionsOf(context)
  const { paths, hidden } = findDockerSockets(dockerSockets, dockerHost, listProcesses())
  const { found, silent } = await findContainer(paths, name)
  const told = [...hidden.map(({ subject, reason }) => `${subject}: ${reason}`), ...silent]
  if (told.length > 0) return { found, reason: told.join('; ') }
  return { found, reason: paths.length === 0 ? 'there is no socket of an engine' : `no engine knows ${name}` }
}

function enterInstead(context: Context, selector: string, reason: string): Promise<number> {
  context.output.note(`▲ ${reason}: entering with nsenter and the tools of this host`)
  return enterSelected(context, { selector, command: context.rest, all: false })
}

/** Of variables that a terminal's programs look at, those that are set. */
function environment(): string[] {
  return ['TERM', 'COLORTERM', 'NO_COLOR'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [`${name}=${value}`]
  })
}

async function runBeside({ socket, id }: FoundContainer, image: string, command: readonly string[]): Promise<number> {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  // before there is anything to be removed
  const interrupted = onSignal()
  try {
    const container = await SideContainer.create(socket, {
      image,
      beside: id,
      command,
      terminal,
      size: [process.stdout.rows ?? 0, process.stdout.columns ?? 0],
      environment: environment(),
      madeFor: ownMark(),
    })
    try {
      const begun = await begin(container)
      return await holdTerminal({ ...begun, interrupted: interrupted.status }, terminal)
    } finally {
      await container.remove()
    }
  } finally {
    interrupted.stop()
  }
}

async function begin(container: SideContainer): Promise<Omit<RunningContainer, 'interrupted'>> {
  const stream = await container.open()
  let exit: Promise<number> = Promise.resolve(1)
  await new Promise<void>((resolve) => {
    exit = container.exitStatus(new AbortController().signal, resolve)
    exit.catch(() => resolve())
  })
  await container.start()
  return { stream, exit, resize: (columns, rows) => container.resize(columns, rows) }
}

/** `PID.START.PID-NAMESPACE.BOOT`: who of all processes, wherever an engine is asked from. */
function ownMark(): string {
  return [process.pid, readStartTime(process.pid), ...surroundings()].join('.')
}

/** Whether a process of ours is no more; of another machine or pid namespace that cannot be told. */
function isGone(mark: string): boolean {
  const [pid, start, ...where] = mark.split('.')
  return where.join('.') === surroundings().join('.') && String(readStartTime(Number(pid))) !== start
}

function surroundings(): string[] {
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''
  return [namespace, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()]
}
