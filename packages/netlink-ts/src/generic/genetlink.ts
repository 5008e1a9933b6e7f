import type { Attributes } from '../attribute.ts'
import { malformed } from '../error.ts'
import { attributesOf, type Message } from '../message.ts'
import type { Request } from '../socket.ts'
import type { Writer } from '../writer.ts'

/** struct genlmsghdr (linux/genetlink.h): command, version, reserved. */
const GENL_HDRLEN = 4

/** Command of a generic netlink message. */
export function genericCommand({ bytes, start, end }: Message): number {
  if (end - start < GENL_HDRLEN) throw malformed(`generic netlink message: ${end - start} bytes, needs ${GENL_HDRLEN}`)
  return bytes[start] as number
}

/** The attributes behind genlmsghdr. */
export function genericAttributes(message: Message): Attributes {
  return attributesOf(message, GENL_HDRLEN)
}

export interface GenericCommand {
  readonly command: number
  /** Of the family; default 1. */
  readonly version?: number
  /** NLM_F_* */
  readonly flags?: number
  readonly fill?: (writer: Writer) => void
}

/** A request to the family with number `familyId` ({@link GenericFamily}). */
export function genericRequest(familyId: number, { command, version, flags, fill }: GenericCommand): Request {
  return {
    type: familyId,
    ...(flags === undefined ? {} : { flags }),
    fill: (writer) => {
      writer
        .u8(command)
        .u8(version ?? 1)
        .u16(0)
      fill?.(writer)
    },
  }
}
