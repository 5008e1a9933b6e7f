import { readFileSync } from 'node:fs'
import type { Context } from '../command.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { ByteWriter } from '../measure/capture/byte-writer.ts'
import { decodePacket } from '../model/packets/decode-packet.ts'
import { vxlanPortsOf } from '../model/packets/vxlan-ports.ts'
import { readCapture, type StoredPacket, startOf } from '../model/pcapng/read-capture.ts'
import { wiringOf } from '../model/wiring.ts'
import { addressNames } from '../report/packets/packet-names.ts'
import { linesOf } from './capture-lines.ts'
import { lineOf } from './capture-writer.ts'
import { readFacts } from './facts.ts'

const STDOUT = 1
const LINES_AT_ONCE = 1_000

/** `capture -r FILE`: its packets as `--decode` shows them, with names of this host or of `--from FILE`. */
export async function readCaptureFile(context: Context, file: string): Promise<number> {
  const { options } = context
  const { snapshot } = await readFacts(context, { kinds: ['links', 'addrs'] })
  const lines = linesOf(options) ?? 'text'
  const names = new Map(
    snapshot.namespaces.map(({ inode, owner }) => [owner.name, addressNames(wiringOf(snapshot), inode)]),
  )
  const inodes = new Map(snapshot.namespaces.map(({ inode, owner }) => [owner.name, inode]))
  const unknown = addressNames(wiringOf(snapshot), undefined)
  const vxlanPorts = vxlanPortsOf(snapshot)
  const stdout = new ByteWriter(STDOUT)
  let waiting: string[] = []
  const flush = async () => {
    if (waiting.length > 0) stdout.add(Buffer.from(`${waiting.join('\n')}\n`))
    waiting = []
    await stdout.settled()
  }
  for (const stored of readCapture(readBytesOf(file), file)) {
    const start = startOf(stored.linkType)
    const { timeNs, direction, length, bytes } = stored
    const packet = start === undefined ? {} : decodePacket(bytes, { start, vxlanPorts })
    const seen = { place: placeOf(stored), timeNs, direction, length, packet }
    const recorded = { namespace: inodes.get(namespaceOf(stored)), begins: start ?? 'ethernet', bytes }
    waiting.push(lineOf(seen, names.get(namespaceOf(stored)) ?? unknown, { lines, recorded }))
    if (waiting.length >= LINES_AT_ONCE) await flush()
    if (stdout.failure !== undefined) break
  }
  await flush()
  return 0
}

function placeOf({ interface: name }: StoredPacket): string {
  return name === '' ? '-' : name
}

/** `web:eth0` of a capture of ours → `web`. */
function namespaceOf({ interface: name }: StoredPacket): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(':')))
}

function readBytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (cause) {
    throw new TsnetError('input', `${file}: ${messageOf(cause)}`, { cause })
  }
}
