import { readFileSync } from 'node:fs'
import type { Context } from '../command.ts'
import type { DashSource } from '../dash/source.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { type SelectorResolver, selectNamespace } from '../model/select.ts'
import type { HostSnapshot } from '../model/snapshot.ts'
import { ownerOptionsOf } from './facts.ts'
import { readNumber } from './option-values.ts'

/** `dash`: charts of this host, or of a recording, on a terminal. */
export async function dash(context: Context): Promise<number> {
  const { output } = context
  if (!output.terminal.interactive || process.stdin.isTTY !== true || process.env['TERM'] === 'dumb') {
    throw new TsnetError('usage', 'dash: stdin and stdout have to be a terminal', {
      hint: 'tsnet-shoot watch --json --counters 1s prints the same numbers',
    })
  }
  const source = await sourceOf(context)
  const { runDash } = await import('../dash/main.ts')
  return runDash(source)
}

async function sourceOf(context: Context): Promise<DashSource> {
  const { options } = context
  const file = options.text('from')
  const selectors = options.list('netns')
  const speed = readNumber(options, 'speed', { min: 0, max: 10_000 })
  if (file !== undefined) {
    if (selectors.length > 0) throw new TsnetError('usage', 'dash --from: shows all that was recorded; -n is for watch')
    const { recordedSource } = await import('../dash/recorded-source.ts')
    return recordedSource(file, readRecording(file), speed ?? 1)
  }
  if (speed !== undefined) throw new TsnetError('usage', 'dash --speed: goes with --from FILE')
  const { liveSource } = await import('../dash/live-source.ts')
  const engines = ownerOptionsOf(context)
  return liveSource(selectors.length === 0 ? { engines } : { engines, choose: await chooserOf(selectors) })
}

function readRecording(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new TsnetError('input', `${file}: ${messageOf(cause)}`, { cause })
  }
}

/** Which namespaces the selectors mean. */
export async function chooserOf(
  selectors: readonly string[],
): Promise<(snapshot: HostSnapshot) => ReadonlySet<number>> {
  const { inodeOfPath, inodeOfPid } = await import('../kernel/namespaces.ts')
  const resolver: SelectorResolver = { inodeOfPath, inodeOfPid }
  return (snapshot) => new Set(selectors.map((selector) => selectNamespace(snapshot, selector, resolver).inode))
}
