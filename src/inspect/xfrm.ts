import { dumpXfrmPolicies, dumpXfrmSas, NETLINK, type XfrmPolicyRule, type XfrmSa } from 'netlink-ts'
import { isModuleActive } from '../kernel/modules.ts'
import type { XfrmPolicy, XfrmState } from '../model/snapshot.ts'
import type { NamespaceSession } from './session.ts'

/** IPsec associations and policies of a namespace, without keys. */
export function readXfrm(session: NamespaceSession): { states: XfrmState[]; policies: XfrmPolicy[] } {
  if (!isModuleActive('xfrm_user')) return { states: [], policies: [] }
  const socket = session.socket(NETLINK.XFRM)
  return { states: dumpXfrmSas(socket).map(toXfrmState), policies: dumpXfrmPolicies(socket).map(toXfrmPolicy) }
}

export function toXfrmState(state: XfrmSa): XfrmState {
  const algorithm = algorithmOf(state)
  return {
    source: state.source,
    destination: state.destination,
    protocol: state.protocol,
    spi: state.spi,
    reqid: state.reqid,
    mode: state.mode,
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(state.mark ? { mark: state.mark.value, markMask: state.mark.mask } : {}),
    replayWindow: state.replay.window,
    packets: state.use.packets,
    bytes: state.use.bytes,
  }
}

/** `rfc4106(gcm(aes))`, `cbc(aes) + hmac(sha256)`, `deflate`. */
function algorithmOf({ aead, encryption, authentication, compression }: XfrmSa): string | undefined {
  const names = [aead, encryption, authentication, compression].flatMap((algorithm) => algorithm?.name ?? [])
  return names.length === 0 ? undefined : names.join(' + ')
}

export function toXfrmPolicy({ selector, direction, action, priority, mark, templates }: XfrmPolicyRule): XfrmPolicy {
  return {
    direction,
    source: selector.source,
    destination: selector.destination,
    ...(selector.protocol === 0 ? {} : { protocol: selector.protocol }),
    ...(selector.sourcePortMask === 0 ? {} : { sourcePort: selector.sourcePort }),
    ...(selector.destinationPortMask === 0 ? {} : { destinationPort: selector.destinationPort }),
    action,
    priority,
    ...(mark ? { mark: mark.value, markMask: mark.mask } : {}),
    templates: templates.map((template) => ({
      source: template.source,
      destination: template.destination,
      protocol: template.protocol,
      mode: template.mode,
      reqid: template.reqid,
      ...(template.spi === 0 ? {} : { spi: template.spi }),
    })),
  }
}
