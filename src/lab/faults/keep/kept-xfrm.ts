import {
  decodeXfrmPolicy,
  decodeXfrmSa,
  deleteXfrmState,
  type Message,
  NetlinkError,
  type NetlinkSocket,
  NLM_F,
  XFRM_MSG,
} from 'netlink-ts'
import { askKernel } from '../../../driver/kernel-failure.ts'
import type { NetworkHost } from '../../../driver/network-host.ts'

/** IPsec of a namespace: what the kernel says of it is also what makes it again. Base64; associations have their keys. */
export interface KeptXfrm {
  readonly states: readonly KeptMessage[]
  readonly policies: readonly KeptMessage[]
}

interface KeptMessage {
  /** Two are the same when these are. */
  readonly id: string
  readonly message: string
}

const NOTHING: KeptXfrm = { states: [], policies: [] }

/** Nothing where the kernel has no IPsec. */
export function readXfrm(host: NetworkHost): KeptXfrm {
  try {
    const socket = host.xfrm
    return {
      states: socket.dump({ type: XFRM_MSG.GETSA }, (message) => keep(message, stateId(message))),
      policies: socket.dump({ type: XFRM_MSG.GETPOLICY }, (message) => keep(message, policyId(message))),
    }
  } catch (error) {
    if (error instanceof NetlinkError) return NOTHING
    throw error
  }
}

function keep({ bytes, start, end }: Message, id: string): KeptMessage {
  return { id, message: Buffer.from(bytes.subarray(start, end)).toString('base64') }
}

function stateId(message: Message): string {
  const { source, destination, protocol, spi, reqid, mode } = decodeXfrmSa(message)
  return [source, destination, protocol, spi, reqid, mode].join(' ')
}

function policyId(message: Message): string {
  const { selector, direction, templates, mark } = decodeXfrmPolicy(message)
  return JSON.stringify({ selector, direction, templates, mark })
}

/** Makes again what is missing, and takes away associations that were not there. */
export function restoreXfrm(host: NetworkHost, place: string, kept: KeptXfrm): void {
  const now = readXfrm(host)
  const wanted = new Set(kept.states.map(({ id }) => id))
  for (const { id } of now.states.filter((state) => !wanted.has(state.id))) {
    const [, destination = '', , spi = ''] = id.split(' ')
    askKernel(`${place}: association ${id}`, () =>
      host.xfrm.request(deleteXfrmState({ destination, spi: Number(spi) })),
    )
  }
  addMissing(host.xfrm, { place, type: XFRM_MSG.NEWSA }, kept.states, now.states)
  addMissing(host.xfrm, { place, type: XFRM_MSG.NEWPOLICY }, kept.policies, now.policies)
}

function addMissing(
  socket: NetlinkSocket,
  { place, type }: { readonly place: string; readonly type: number },
  kept: readonly KeptMessage[],
  now: readonly KeptMessage[],
): void {
  const present = new Set(now.map(({ id }) => id))
  for (const { id, message } of kept.filter((each) => !present.has(each.id))) {
    const fill = (writer: { raw(bytes: Uint8Array): unknown }): void => void writer.raw(Buffer.from(message, 'base64'))
    askKernel(`${place}: ${id}`, () => socket.request({ type, flags: NLM_F.CREATE | NLM_F.EXCL, fill }))
  }
}
