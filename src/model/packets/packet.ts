/** A packet taken apart. What is missing was not there, or lies behind what `cut` tells of. */
export interface DecodedPacket {
  readonly ethernet?: EthernetHeader
  readonly arp?: ArpPacket
  readonly ip?: IpHeader
  readonly tcp?: TcpHeader
  readonly udp?: UdpHeader
  readonly icmp?: IcmpMessage
  readonly esp?: EspHeader
  readonly vxlan?: VxlanPayload
  readonly dns?: DnsQuestion
  /** What the transport header carries, as far as it was captured; a view. */
  readonly payload?: Uint8Array
  /** Where the bytes ended too early or said something impossible: `tcp header: 8 of 20 bytes`. */
  readonly cut?: string
}

export interface EthernetHeader {
  readonly destination: string
  readonly source: string
  /** Behind all VLAN tags. */
  readonly etherType: number
  /** Outermost first. */
  readonly vlans: readonly number[]
}

/** RFC 826, for Ethernet and IPv4. */
export interface ArpPacket {
  /** 1 request, 2 reply. */
  readonly operation: number
  readonly senderMac: string
  readonly sender: string
  readonly targetMac: string
  readonly target: string
}

export interface IpHeader {
  readonly version: 4 | 6
  readonly source: string
  readonly destination: string
  /** IPPROTO_* of what follows all extension headers. */
  readonly protocol: number
  readonly ttl: number
  /** Bytes of the whole packet, headers included, as it says itself. */
  readonly size: number
  readonly tos: number
  /** IPv4 only. */
  readonly id?: number
  readonly df?: boolean
  readonly fragment?: Fragment
  /** IPv6 only: extension headers by number, in order. */
  readonly extensions?: readonly number[]
}

export interface Fragment {
  readonly id: number
  /** Bytes. */
  readonly offset: number
  /** Others follow. */
  readonly more: boolean
}

export interface TcpHeader {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgement: number
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32. */
  readonly flags: number
  readonly window: number
  /** Option 2. */
  readonly mss?: number
  /** Bytes of the segment's data, by the IP header. */
  readonly length: number
}

export interface UdpHeader {
  readonly sourcePort: number
  readonly destinationPort: number
  /** With its own header. */
  readonly length: number
}

export interface IcmpMessage {
  readonly type: number
  readonly code: number
  /** Of echo requests and replies. */
  readonly id?: number
  readonly sequence?: number
  /** Of "fragmentation needed" and "packet too big". */
  readonly mtu?: number
  /** Of neighbour solicitations and advertisements. */
  readonly target?: string
  /** The packet that an error is about. */
  readonly about?: DecodedPacket
}

export interface EspHeader {
  readonly spi: number
  readonly sequence: number
}

export interface VxlanPayload {
  readonly vni: number
  readonly inner: DecodedPacket
}

export interface DnsQuestion {
  readonly id: number
  readonly isAnswer: boolean
  /** As text, its labels joined by dots; not sanitised. */
  readonly name: string
  /** RR type number. */
  readonly type: number
  /** RCODE of an answer. */
  readonly rcode?: number
}
