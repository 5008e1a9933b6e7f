# What the development kernel may lack, built by the standard tools, with their own listings as the reference.
set -e
ip netns add vm-left
ip netns add vm-right

ip link add d0 type dummy
ip address add 10.1.0.1/24 dev d0
ip link set d0 up
ip link add link d0 name d0.100 type vlan id 100
ip link add link d0 name d0.200 type vlan protocol 802.1ad id 200
ip link set d0.100 up

ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 1
ip link add port0 type veth peer name eth0 netns vm-left
ip link set port0 master br0
ip link set port0 up
ip link set br0 up
bridge vlan add dev port0 vid 20 pvid untagged
bridge vlan add dev port0 vid 30-33
bridge vlan add dev br0 vid 20 self

ip link add link d0 name iv0 type ipvlan mode l3 vepa
ip link set iv0 netns vm-right
ip link add bond7 type bond mode active-backup miimon 100
ip link add d1 type dummy
ip link set d1 master bond7
ip link set d1 up
ip link set bond7 up
ip link add wg0 type wireguard
ip link add vrf0 type vrf table 100

tc qdisc add dev d0 root handle 1: netem delay 10ms loss 1%
tc qdisc add dev port0 clsact

ipvsadm -A -t 10.1.0.1:80 -s rr
ipvsadm -a -t 10.1.0.1:80 -r 10.2.0.1:8080 -m -w 1
ipvsadm -a -t 10.1.0.1:80 -r 10.2.0.2:8080 -m -w 3
ipvsadm -A -u 10.1.0.1:53 -s wlc -p 300
ipvsadm -A -u 10.1.0.1:514 -s rr -o
ipvsadm -a -u 10.1.0.1:53 -r 10.2.0.3:53 -g -w 1
ipvsadm -A -f 256 -s rr
ipvsadm -a -f 256 -r 10.2.0.4:0 -i -w 5
ipvsadm -A -f 257 -s sh -6
ipvsadm -a -f 257 -6 -r [fd00::4]:0 -m
ipvsadm -A -t [fd00::1]:443 -s rr
ipvsadm -a -t [fd00::1]:443 -r [fd00::2]:8443 -m -w 7
ip netns exec vm-left ipvsadm -A -t 10.9.9.9:9 -s lc

key=0x000102030405060708090a0b0c0d0e0f10111213
ip xfrm state add src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x12345678 reqid 13681891 mode transport \
  mark 0xd0c4e3 aead 'rfc4106(gcm(aes))' "$key" 64
ip xfrm state add src fd00::1 dst fd00::2 proto esp spi 0x9abc reqid 7 mode tunnel \
  auth 'hmac(sha256)' "$key" enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f
ip xfrm policy add src 10.1.0.1/32 dst 10.1.0.2/32 proto udp dport 4789 dir out mark 0xd0c4e3 priority 5 \
  tmpl src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x12345678 reqid 13681891 mode transport
set +e

section links ip -j -d link
section bridge-vlans bridge -j vlan
section qdiscs tc -j -s qdisc
section xfrm-states ip -s xfrm state
section xfrm-policies ip xfrm policy
section links-right ip -n vm-right -j -d link
section ipvsadm-list ipvsadm -Ln
section ipvsadm-save ipvsadm -Sn
section ipvsadm-list-left ip netns exec vm-left ipvsadm -Ln
section show-ipvs tsnet_shoot show ipvs --json
section show-ipvs-left tsnet_shoot show ipvs --json -n vm-left
section show-xfrm tsnet_shoot show xfrm
section snapshot tsnet_shoot snapshot
