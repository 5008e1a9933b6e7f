import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { requireCapabilities } from '../kernel/capabilities.ts'
import { inodeOfPath, inodeOfPid } from '../kernel/namespaces.ts'
import { isOwnNamespace } from '../kernel/own-namespace.ts'
import { Capture } from '../measure/capture/run-capture.ts'
import type { HostSnapshot } from '../model/snapshot.ts'
import { linesOf } from './capture-lines.ts'
import { readCaptureFile } from './capture-read.ts'
import { capturedNamespaces, captureRequest, captureTargets, readBytes, rotateOptions } from './capture-request.ts'
import { CaptureWriter, type CaptureWriterOptions } from './capture-writer.ts'
import { readFacts } from './facts.ts'
import { reportError } from './failure.ts'
import { interruptible } from './measure.ts'
import { Options } from './options.ts'

const DISK_STATUS = 1
const STDOUT = 1

/** `capture`: 0 when it ended as it should, ctrl-C included, 1 when what came could not be written. */
export async function capture(context: Context): Promise<number> {
  const { options, output } = context
  const file = options.text('read')
  if (file !== undefined) return readCaptureFile(context, readOnly(context, file))
  const request = captureRequest(context)
  const outputs = outputsOf(context)
  requireCapabilities('capture', ['CAP_NET_RAW'])
  const snapshot = await allNames(context)
  const namespaces = capturedNamespaces(snapshot, options.list('netns'), { inodeOfPid, inodeOfPath })
  if (namespaces.some(({ inode }) => !isOwnNamespace(inode))) requireCapabilities('capture', ['CAP_SYS_ADMIN'])
  return interruptible(async (signal) => {
    const writer = new CaptureWriter({
      ...request,
      ...outputs,
      snapshot,
      note: (text) => output.note(text),
    })
    const live = new Capture({ ...request, targets: captureTargets(namespaces), signal }, writer)
    const { packets, dropped } = await live.run()
    await writer.close(signal.aborted)
    const lost =
      dropped === 0 ? '0 dropped' : `▲ ${dropped} dropped: more came than could be taken (see --buffer, --snaplen)`
    output.note(`${packets} packets captured, ${lost}${filesText(writer)}`)
    if (writer.file?.failure === undefined) return 0
    reportError(writer.file.failure)
    return DISK_STATUS
  })
}

function filesText({ file }: CaptureWriter): string {
  const names = file?.names ?? []
  if (names[0] === undefined || names[0] === 'stdout') return ''
  return names.length === 1 ? `, in ${names[0]}` : `, in ${names[0]} to ${names.at(-1)}`
}

/** Whose addresses they are can only be told when those of all namespaces are known. */
async function allNames({ options }: Context): Promise<HostSnapshot> {
  const others = new Options(new Map([['docker-socket', options.list('docker-socket')]]))
  return (await readFacts({ options: others }, { kinds: ['links', 'addrs'] })).snapshot
}

type Outputs = Pick<CaptureWriterOptions, 'file' | 'lines'>

/** pcapng goes to a file or into a pipe, lines to stdout. @throws TsnetError `usage` */
function outputsOf({ options, output }: Context): Outputs {
  const lines = linesOf(options)
  const path = options.text('write')
  const to = path === '-' || (path === undefined && lines === undefined) ? STDOUT : path
  if (to === STDOUT && lines !== undefined) {
    throw new TsnetError('usage', 'capture: -w - and lines cannot both go to stdout')
  }
  if (to === STDOUT && output.terminal.interactive) {
    throw new TsnetError('usage', 'capture: a terminal cannot show pcapng', {
      hint: 'add --decode for lines, -w FILE for a file, or pipe it: tsnet-shoot capture … | tshark -r -',
    })
  }
  const file = to === undefined ? noFile(options) : fileOptions(options, to)
  return { ...(lines === undefined ? {} : { lines }), ...(file === undefined ? {} : { file }) }
}

function noFile(options: Context['options']): undefined {
  rotateOptions(options)
  if (options.has('size')) throw new TsnetError('usage', '--size: needs a file, -w FILE')
}

function fileOptions(options: Context['options'], to: string | number): NonNullable<Outputs['file']> {
  const rotate = rotateOptions(options)
  const mostBytes = readBytes(options, 'size')
  return { to, ...(rotate === undefined ? {} : { rotate }), ...(mostBytes === undefined ? {} : { mostBytes }) }
}

const LIVE_OPTIONS = ['netns', 'interface', 'write', 'count', 'duration', 'size', 'rotate-size', 'rotate-time', 'files']

/** @throws TsnetError `usage` for what a file cannot be asked for */
function readOnly({ options, positionals }: Context, file: string): string {
  const useless = LIVE_OPTIONS.find((name) => options.has(name))
  if (useless !== undefined)
    throw new TsnetError('usage', `--${useless}: a file is read with --read, nothing is captured`)
  if (positionals.length === 0) return file
  throw new TsnetError('usage', 'capture --read: takes no filter', { hint: `tshark -r ${file} -Y FILTER -w -` })
}
