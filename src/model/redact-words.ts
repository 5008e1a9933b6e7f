/**
 * Words of the rule languages (iptables-extensions(8), nft(8)) and of kernel tables. Any other word in a rule may be
 * somebody's name and is replaced.
 */
const WORDS = `
  ip ip6 inet arp bridge netdev ether tcp udp udplite sctp dccp icmp icmpv6 ipv6-icmp igmp esp ah comp gre ipip vlan ipv4 ipv6 th all
  table chain rule set map element type hook device priority policy flags elements add insert
  prerouting input forward output postrouting ingress egress filter nat route
  accept drop reject return continue queue jump goto dnat snat masquerade redirect tproxy dup fwd notrack log counter quota limit
  meter update delete synproxy secmark
  meta mark iif oif iifname oifname iiftype oiftype iifgroup oifgroup skuid skgid nftrace pkttype cpu cgroup l4proto nfproto length
  protocol random ipsec iifkind oifkind sdif sdifname time day hour rtclassid ibrname obrname ibrpvid ibrvproto
  ct state status direction expiration helper label zone l3proto saddr daddr proto-src proto-dst original reply avgpkt bytes packets
  count id event timeout expectation
  new established related invalid untracked NEW ESTABLISHED RELATED INVALID UNTRACKED SNAT DNAT expected seen-reply assured confirmed dying
  EXPECTED SEEN_REPLY ASSURED CONFIRMED NONE
  sport dport flags syn ack fin rst psh urg ecn cwr SYN ACK FIN RST PSH URG ECN CWR ALL sequence ackseq window checksum urgptr doff reserved option maxseg size
  hdrlength version dscp ttl tos frag-off hoplimit flowlabel nexthdr hbh dst rt srh frag mh exists missing
  htype ptype hlen plen operation spi reqid dir in out rt-class classid ipsec tunnel transport
  fib oif type local unicast broadcast multicast anycast blackhole unreachable prohibit throw unspec LOCAL UNICAST BROADCAST MULTICAST ANYCAST BLACKHOLE UNREACHABLE PROHIBIT
  socket transparent wildcard osf name numgen inc jhash symhash mod offset seed
  eq ne lt gt le ge and or xor not lshift rshift == != < > <= >= & | ^ !
  over until rate burst second minute hour day week sec min mbytes kbytes bytes/second kbytes/second mbytes/second
  with tcp reset icmpx port-unreachable host-unreachable net-unreachable prot-unreachable admin-prohibited host-prohibited net-prohibited no-route addr-unreachable policy-fail
  icmp-port-unreachable icmp-host-unreachable icmp-net-unreachable icmp-proto-unreachable icmp-admin-prohibited icmp-host-prohibited icmp-net-prohibited
  icmp6-port-unreachable icmp6-addr-unreachable icmp6-no-route icmp6-adm-prohibited tcp-reset
  echo-request echo-reply destination-unreachable packet-too-big time-exceeded parameter-problem source-quench router-advertisement router-solicitation
  nd-router-solicit nd-router-advert nd-neighbor-solicit nd-neighbor-advert nd-redirect mld-listener-query mld-listener-report mld2-listener-report any
  prefix level snaplen group queue-threshold emerg alert crit err warn notice info debug audit skb
  to port address bypass fanout persistent fully-random size constant interval dynamic auto-merge dormant
  vmap verdict ipv4_addr ipv6_addr ether_addr inet_proto inet_service ifname mark is_fib
  comment conntrack addrtype multiport physdev state mac owner recent string statistic hashlimit connlimit connmark connbytes iprange
  ipvs rpfilter tcpmss time u32 devgroup dscp ecn helper length policy pkttype quota realm bpf cpu cluster connlabel dst eui64 ipv6header
  nfacct TCPMSS CONNMARK NFLOG LOG
  src srcip srcport dstip dstport upto above nth mode both original ORIGINAL REPLY
  hash hash:ip hash:net hash:ip,port hash:ip,port,ip hash:ip,port,net hash:net,port hash:net,iface hash:net,net hash:mac hash:ip,mac bitmap:ip bitmap:port bitmap:ip,mac list:set
  nomatch timeout counters skbinfo forceadd family maxelem hashsize netmask bucketsize initval revision header range memsize references yes no true false
  match left right op payload field key base expr data concat val elem lookup xt target stmt cmd inv accept null exthdr protocol bitmask flow offload
  bm kmp extif icase anyaddr from established,related RELATED,ESTABLISHED
  preempt TCP UDP ICMP IPv4 IPv6 ARP Request Reply 802_1Q
`

const KNOWN: ReadonlySet<string> = new Set(WORDS.split(/\s+/))

/** Whether a word belongs to the language of rules. */
export function isRuleWord(word: string): boolean {
  return KNOWN.has(word)
}
