# Kinds of links and tables that the development kernel lacks, each between two namespaces that try to talk.
set -e
space() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  ip netns exec "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
  ip netns exec "$1" busybox httpd -p 80 -h /run
}
cable() {
  ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
  ip -n "$1" link set "$2" up
  ip -n "$3" link set "$4" up
}
address() {
  ip -n "$1" address add "$3" dev "$2"
}

# a trunk between two namespaces and a bridge that filters: VLAN 10 passes, VLAN 20 does not
for name in trunk v1 v2; do space "$name"; done
ip -n trunk link add br0 type bridge vlan_filtering 1
ip -n trunk link set br0 up
for name in v1 v2; do
  cable trunk "p$name" "$name" eth0
  ip -n trunk link set "p$name" master br0
  ip netns exec trunk bridge vlan add dev "p$name" vid 10
  for id in 10 20; do
    ip -n "$name" link add link eth0 name "eth0.$id" type vlan id "$id"
    ip -n "$name" link set "eth0.$id" up
    address "$name" "eth0.$id" "10.$id.0.${name#v}/24"
  done
done

# siblings on one parent, and the host that the parent is in
for name in ihost i1 i2 iout; do space "$name"; done
cable ihost eth0 iout eth0
address ihost eth0 10.30.0.10/24
address iout eth0 10.30.0.20/24
for name in i1 i2; do
  ip -n ihost link add "$name" link eth0 type ipvlan mode l2
  ip -n ihost link set "$name" netns "$name"
  ip -n "$name" link set "$name" up
  address "$name" "$name" "10.30.0.${name#i}/24"
done

# virtual services in front of a server: by address, by mark, and one without a destination
for name in client lb server; do space "$name"; done
cable lb c0 client eth0
cable lb s0 server eth0
address lb c0 10.40.0.1/24
address client eth0 10.40.0.2/24
address lb s0 10.41.0.1/24
address server eth0 10.41.0.2/24
for vip in 10.40.0.90 10.40.0.91 10.40.0.92; do address lb c0 "$vip/32"; done
ip -n client route add default via 10.40.0.1
ip -n server route add default via 10.41.0.1
ip netns exec lb sysctl -qw net.ipv4.ip_forward=1
ip netns exec lb ipvsadm -A -t 10.40.0.90:80 -s rr
ip netns exec lb ipvsadm -a -t 10.40.0.90:80 -r 10.41.0.2:80 -m
ip netns exec lb ipvsadm -A -t 10.40.0.91:80 -s rr
ip netns exec lb iptables -t mangle -A INPUT -d 10.40.0.92/32 -j MARK --set-mark 0x101
ip netns exec lb iptables -t nat -A POSTROUTING -m ipvs --ipvs -d 10.41.0.0/24 -j SNAT --to-source 10.41.0.1
ip netns exec lb sysctl -qw net.ipv4.vs.conntrack=1
ip netns exec lb ipvsadm -A -f 257 -s rr
ip netns exec lb ipvsadm -a -f 257 -r 10.41.0.2:0 -m

# two pairs with IPsec: one whose ends know the same, one that does not
for name in e1 e2 f1 f2; do space "$name"; done
key=0x000102030405060708090a0b0c0d0e0f10111213
for pair in e f; do
  cable "${pair}1" eth0 "${pair}2" eth0
  net=10.5$([ "$pair" = e ] && echo 0 || echo 1).0
  address "${pair}1" eth0 "$net.1/24"
  address "${pair}2" eth0 "$net.2/24"
  ip -n "${pair}1" xfrm state add src "$net.1" dst "$net.2" proto esp spi 0x10 reqid 7 mode transport aead 'rfc4106(gcm(aes))' "$key" 64
  ip -n "${pair}1" xfrm policy add src "$net.1/32" dst "$net.2/32" proto tcp dport 80 dir out tmpl src "$net.1" dst "$net.2" proto esp reqid 7 mode transport
done
ip -n e2 xfrm state add src 10.50.0.1 dst 10.50.0.2 proto esp spi 0x10 reqid 7 mode transport aead 'rfc4106(gcm(aes))' "$key" 64
set +e

connect() {
  section "$1-$2" ip netns exec "$1" busybox nc -w 3 "$2" 80 </dev/null
}
section snapshot tsnet_shoot snapshot
connect v1 10.10.0.2
connect v1 10.20.0.2
connect i1 10.30.0.2
connect i1 10.30.0.20
connect iout 10.30.0.2
connect ihost 10.30.0.1
connect client 10.40.0.90
connect client 10.40.0.91
connect client 10.40.0.92
connect client 10.41.0.2
connect e1 10.50.0.2
connect f1 10.51.0.2
