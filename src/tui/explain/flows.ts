import type { Explanations } from '../explain.ts'

const CT = 'conntrack(8)'
const SS = 'ss(8)'
const XFRM = 'ip-xfrm(8)'

export const CONNTRACK: Explanations = {
  family: { text: 'IPv4 or IPv6.', source: CT },
  protocol: { text: 'Transport protocol.', source: CT },
  'original.source': { text: 'Who opened the connection.', source: CT },
  'original.destination': { text: 'Where it meant to go, before any DNAT.', source: CT },
  'original.sourcePort': { text: 'Port it was opened from.', source: CT },
  'original.destinationPort': { text: 'Port it was opened to.', source: CT },
  'original.icmpType': { text: 'ICMP type of the request.', source: 'RFC 792' },
  'original.icmpCode': { text: 'ICMP code of the request.', source: 'RFC 792' },
  'original.icmpId': { text: 'Identifier of the request (one ping).', source: 'RFC 792' },
  'reply.source': { text: 'Who answers. Differs from the destination above: DNAT took place.', source: CT },
  'reply.destination': {
    text: 'Where answers go. Differs from the source above: SNAT or masquerading took place.',
    source: CT,
  },
  'reply.sourcePort': { text: 'Port that answers.', source: CT },
  'reply.destinationPort': { text: 'Port that answers go to.', source: CT },
  'reply.icmpType': { text: 'ICMP type of the answer.', source: 'RFC 792' },
  'reply.icmpCode': { text: 'ICMP code of the answer.', source: 'RFC 792' },
  'reply.icmpId': { text: 'Identifier of the answer.', source: 'RFC 792' },
  state: {
    text: 'SYN_SENT: nobody answered yet. SYN_RECV: the last step of the handshake is missing. ESTABLISHED: both sides speak.',
    source: CT,
  },
  status: {
    text: 'UNREPLIED: no answer was seen. ASSURED: will not be thrown out early. SRC_NAT, DST_NAT: rewritten. NAT is decided once: it outlives the rule that made it.',
    source: CT,
  },
  timeoutS: { text: 'Seconds until the entry is forgotten.', source: CT },
  mark: { text: 'Mark of the connection, for rules (connmark).', source: CT },
  zone: { text: 'Zone, keeps equal addresses apart.', source: CT },
  packets: { text: 'Packets there and back. None back: the answer is lost, or takes another way.', source: CT },
  bytes: { text: 'Bytes there and back.', source: CT },
}

export const SOCKET: Explanations = {
  protocol: { text: 'tcp, udp, raw, packet (captures), unix.', source: SS },
  family: {
    text: 'IPv4, IPv6, unix or packet. An IPv6 socket on :: takes IPv4 as well, unless v6only.',
    source: 'ipv6(7)',
  },
  state: {
    text: 'LISTEN waits for connections; ESTAB is one; SYN-SENT has no answer yet; CLOSE-WAIT: the program does not close what the other side closed.',
    source: SS,
  },
  local: {
    text: 'Own address. 127.0.0.1: reachable only from inside this namespace, so not through a published port. 0.0.0.0 or ::: on every address.',
    source: SS,
  },
  localPort: { text: 'Own port.', source: SS },
  remote: { text: 'Address of the other side.', source: SS },
  remotePort: { text: 'Port of the other side.', source: SS },
  link: {
    text: 'Index of the link it is bound to: packets of other links do not reach it.',
    source: 'socket(7), SO_BINDTODEVICE',
  },
  v6only: { text: 'Takes no IPv4.', source: 'ipv6(7)' },
  uid: { text: 'User that opened it.', source: SS },
  inode: { text: 'Number by which /proc/PID/fd refers to it.', source: 'proc(5)' },
  receiveQueue: {
    text: 'LISTEN: connections waiting to be accepted; at the limit new ones are dropped without a word. Else: bytes the program has not read.',
    source: SS,
  },
  sendQueue: {
    text: 'LISTEN: the limit of waiting connections. Else: bytes the other side has not confirmed.',
    source: SS,
  },
  drops: {
    text: 'Packets it had no room for since it was opened; LISTEN: connections. The program is too slow, or the buffer too small.',
    source: 'sock_diag(7), SK_MEMINFO_DROPS',
  },
  'processes[].pid': { text: 'Process that holds it.', source: SS },
  'processes[].command': { text: 'Its name.', source: SS },
}

export const XFRM_STATE: Explanations = {
  source: { text: 'Tunnel end that sends.', source: XFRM },
  destination: { text: 'Tunnel end that receives.', source: XFRM },
  protocol: { text: 'esp encrypts, ah only signs.', source: XFRM },
  spi: {
    text: 'Number that the packet carries; the receiver must have a state with the same.',
    source: 'RFC 4303 §2.1',
  },
  reqid: { text: 'Ties it to the templates of policies.', source: XFRM },
  mode: { text: 'transport: payload only, tunnel: whole packet.', source: 'RFC 4301 §4.1' },
  algorithm: { text: 'Cipher. Both ends need the same, and the same key (which is never shown).', source: XFRM },
  mark: { text: 'Holds for packets with this mark. Docker’s overlay marks vxlan packets.', source: XFRM },
  markMask: { text: 'Bits of the mark that are compared.', source: XFRM },
  replayWindow: { text: 'How far packets may arrive out of order before they are dropped.', source: 'RFC 4303 §3.4.3' },
  packets: {
    text: 'Packets so far. Rising at the sender and not at the receiver: lost, or the keys differ.',
    source: XFRM,
  },
  bytes: { text: 'Bytes so far.', source: XFRM },
}

export const XFRM_POLICY: Explanations = {
  direction: { text: 'out: must be encrypted; in: must have been; fwd: the same for forwarded packets.', source: XFRM },
  source: { text: 'From which prefix.', source: XFRM },
  destination: { text: 'To which prefix.', source: XFRM },
  protocol: { text: 'IP protocol number it holds for.', source: XFRM },
  sourcePort: { text: 'Source port it holds for.', source: XFRM },
  destinationPort: { text: 'Destination port it holds for (4789: vxlan).', source: XFRM },
  action: { text: 'allow, or block.', source: XFRM },
  priority: { text: 'The lowest that matches wins.', source: XFRM },
  mark: { text: 'Only packets with this mark.', source: XFRM },
  markMask: { text: 'Bits of the mark that are compared.', source: XFRM },
  'templates[].source': { text: 'Tunnel source.', source: XFRM },
  'templates[].destination': { text: 'Tunnel destination.', source: XFRM },
  'templates[].protocol': { text: 'esp or ah.', source: XFRM },
  'templates[].mode': { text: 'transport or tunnel.', source: XFRM },
  'templates[].reqid': {
    text: 'A state with this number is used. Without one, packets wait or are dropped.',
    source: XFRM,
  },
  'templates[].spi': { text: 'A state with this SPI is used.', source: XFRM },
}
