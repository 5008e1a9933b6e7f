import type { Explanations } from '../explain.ts'

const PCAPNG = 'draft-ietf-opsawg-pcapng'
const PACKET = 'packet(7)'

export const PACKET_FIELDS: Explanations = {
  time: { text: 'When the kernel saw it here, in UTC.', source: PACKET },
  place: { text: 'Namespace and interface. A packet that crosses several is seen once at each.', source: PACKET },
  direction: { text: 'out: this namespace sends it there; in: it came from there.', source: PACKET },
  length: {
    text: 'Bytes on the wire. More than the MTU where segmentation is left to the device: it is not cut up yet.',
    source: PCAPNG,
  },
  conversation: { text: 'The same for both directions; f shows only packets of it.', source: 'tsnet-shoot' },
  bytes: { text: 'As captured, base64; enter shows them beside its layers.', source: 'tsnet-shoot' },
}
