import { NLM_F } from '../message.ts'
import type { Request } from '../socket.ts'
import { encodeQdiscOptions, type QdiscOptions } from './qdisc-kinds.ts'
import { RTM } from './rtnetlink.ts'
import { TC_H, TCA } from './traffic-control.ts'

/** A queueing discipline or class to be made. */
export interface QdiscSpec {
  /** ifindex */
  readonly index: number
  /** netem, tbf, htb with `options`; others (fq_codel, ingress, clsact…) with the kernel's defaults. */
  readonly kind: string
  /** Default TC_H.ROOT. */
  readonly parent?: number | undefined
  /** Default: the kernel chooses; a class needs one. */
  readonly handle?: number | undefined
  readonly options?: QdiscOptions | undefined
}

function request(type: number, flags: number, spec: QdiscSpec): Request {
  const { options } = spec
  return {
    type,
    flags,
    fill: (writer) => {
      writer
        .zeros(4)
        .u32(spec.index)
        .u32(spec.handle ?? 0)
        .u32(spec.parent ?? TC_H.ROOT)
        .u32(0)
      writer.stringAttribute(TCA.KIND, spec.kind)
      if (options) writer.attribute(TCA.OPTIONS, (inner) => encodeQdiscOptions(inner, options))
    },
  }
}

/** Puts a discipline in the place of what is there. */
export function replaceQdisc(spec: QdiscSpec): Request {
  return request(RTM.NEWQDISC, NLM_F.CREATE | NLM_F.REPLACE, spec)
}

export function addQdisc(spec: QdiscSpec): Request {
  return request(RTM.NEWQDISC, NLM_F.CREATE | NLM_F.EXCL, spec)
}

export function deleteQdisc(spec: Pick<QdiscSpec, 'index' | 'kind' | 'parent' | 'handle'>): Request {
  return request(RTM.DELQDISC, 0, spec)
}

export function addClass(spec: QdiscSpec): Request {
  return request(RTM.NEWTCLASS, NLM_F.CREATE | NLM_F.EXCL, spec)
}
