import type { Link } from '../../model/snapshot.ts'
import { type Packet, PROTOCOL } from '../packet.ts'
import type { Outcome, Run } from '../run.ts'
import type { Space } from '../world.ts'
import { type HookResult, stageOf } from './hook.ts'
import type { RuleContext } from './rule.ts'

/** Who can tell the sender that a rule refused its packet. */
export interface Refuser {
  readonly run: Run
  refuse(space: Space, packet: Packet, how: { readonly with: string; readonly in?: Link | undefined }): RefusalReply
}

/** Whether the error gets back to the sender. */
export type RefusalReply = { readonly arrives: true } | { readonly arrives: false; readonly reason: string }

/** The end of a packet that a hook did not let through. */
export function stopped(
  refuser: Refuser,
  context: RuleContext,
  result: Exclude<HookResult, { kind: 'accept' }>,
  because?: string,
): Outcome {
  const { run, space, packet, hook } = context
  const { place, details } = result
  const chain = `${place.table ?? ''} ${place.chain ?? ''}`
  const said = because === undefined ? result.text : `${result.text} (${because})`
  const links = {
    ...(context.in === undefined ? {} : { in: context.in.name }),
    ...(context.out === undefined ? {} : { out: context.out.name }),
  }
  const entry = { stage: stageOf(hook), subject: chain, details, place, ...links, stopped: true }
  if (result.kind === 'unknown') return run.unknown(space, packet, { ...entry, text: said })
  if (result.kind === 'drop') {
    run.hop(space, packet, { ...entry, text: said })
    // a datagram that the sender's own OUTPUT drops fails with EPERM; TCP takes it for lost and tries again
    if (hook === 'output' && packet.protocol !== PROTOCOL.TCP)
      return { kind: 'rejected', reason: `${said}: the send call fails`, place }
    return { kind: 'dropped', reason: said, place }
  }
  const reply = refuser.refuse(space, packet, { with: result.with, in: context.in })
  const text = reply.arrives ? said : `${said}; the error does not reach the sender: ${reply.reason}`
  run.hop(space, packet, { ...entry, text })
  return { kind: reply.arrives ? 'rejected' : 'dropped', reason: text, place }
}
