import type { Bytes } from './bytes.ts'
import type { DecodedPacket } from './packet.ts'

/** What a layer needs to take apart what is inside it. */
export interface Layers {
  readonly vxlanPorts: readonly number[]
  /** Undefined when it would be too deep. */
  inside(bytes: Bytes, start: 'ethernet' | 'ip'): DecodedPacket | undefined
}
