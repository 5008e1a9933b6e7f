# Labs that need 802.1Q, ipvlan, dummy links or netem, built by the program and tried by their own checks.
cat >/run/features.yaml <<'LAB'
name: features
segments: {lan: {subnet: 10.1.0.0/24}}
hosts:
  h1: {segments: {lan: 10.1.0.2/24}}
  h2: {segments: {lan: 10.1.0.3/24}}
links:
  - {ends: [{node: h1, address: 10.9.0.1/30}, {node: h2, address: 10.9.0.2/30}], delay: 100ms, rate: 8mbit, mtu: 1400}
  - {ends: [{node: h1, address: 10.9.1.1/30}, {node: h2, address: 10.9.1.2/30}], loss: 100%}
  - {ends: [{node: h1, address: 10.9.2.1/30}, {node: h2, address: 10.9.2.2/30}], rate: 8mbit}
networks:
  l2: {host: h1, driver: ipvlan, subnet: 10.1.0.0/24, gateway: 10.1.0.1, options: {parent: eth0}}
  l3: {host: h2, driver: ipvlan, subnet: 10.5.0.0/24, options: {parent: eth0, ipvlan_mode: l3}}
  apart: {host: h1, driver: macvlan, subnet: 10.6.0.0/24}
containers:
  a: {host: h1, networks: {l2: {ipv4_address: 10.1.0.20}}, workload: http}
  b: {host: h1, networks: {l2: {ipv4_address: 10.1.0.21}}}
  c: {host: h2, networks: [l3], workload: http}
  d: {host: h2, networks: [l3]}
  e: {host: h1, networks: [apart], workload: http}
  f: {host: h1, networks: [apart]}
checks:
  - {name: ipvlan l2 containers share a cable and find each other, from: b, http: 'http://a/'}
  - {name: the segment reaches an ipvlan container, from: h2, http: 'http://10.1.0.20/'}
  - {name: ipvlan l3 containers reach each other, from: d, http: 'http://10.5.0.2/'}
  - {name: a macvlan network without a parent is apart, from: f, http: 'http://e/'}
  - {name: nobody else is in it, from: f, ping: 10.1.0.2, timeout: 1s, expect: closed}
  - {name: a cable with a delay answers, from: h1, ping: 10.9.0.2, timeout: 10s}
  - {name: a cable that loses everything does not, from: h1, ping: 10.9.1.2, timeout: 3s, expect: closed}
  - {name: a cable with a rate answers, from: h1, ping: 10.9.2.2, timeout: 10s}
LAB
before() { ip -j link; ip -j address; ip netns; find /run | grep -v -e features.yaml -e stderr -e after.txt; }
ip netns add first
ip netns delete first
before >/run/before.txt
before >/run/before.txt
section up-trunk tsnet_shoot lab up labs/vlan-trunk.yaml
section validate-trunk tsnet_shoot lab validate labs/vlan-trunk.yaml --run --json
section frames ip netns exec tsnet:vlan-trunk:trunk timeout 20 tcpdump -c 2 -nnei host-A vlan 10 and icmp &
sleep 3
ip netns exec tsnet:vlan-trunk:c1 ping -c 3 -W 5 192.168.10.3 >/dev/null
wait
section down-trunk tsnet_shoot lab down vlan-trunk
section up tsnet_shoot lab up /run/features.yaml --wait
section validate tsnet_shoot lab validate /run/features.yaml --run --json
section delay ip netns exec tsnet:features:h1 ping -c 3 -i 1 -W 5 10.9.0.2
section qdiscs ip netns exec tsnet:features:h1 tc -j qdisc
section down tsnet_shoot lab down features
# host-B with the rules of Docker 20.10: both ways of finding the VXLAN id are tried
sed 's/host-B: {/host-B: { docker: { layout: 20 },/' labs/overlay-encrypted.yaml >/run/encrypted.yaml
section up-encrypted tsnet_shoot lab up /run/encrypted.yaml
section validate-encrypted tsnet_shoot lab validate /run/encrypted.yaml --run --json
wire() { ip netns exec tsnet:overlay-encrypted:lan timeout 30 tcpdump -c "$1" -nni br0 "$2"; }
section wire-secret wire 4 'esp or udp port 4789' &
sleep 3
ip netns exec tsnet:overlay-encrypted:alice ping -c 4 -W 5 10.0.2.12 >/dev/null
wait
section wire-open wire 4 'esp or udp port 4789' &
sleep 3
ip netns exec tsnet:overlay-encrypted:carol ping -c 4 -W 5 10.0.3.12 >/dev/null
wait
section trace-secret tsnet_shoot trace lab:overlay-encrypted/alice 10.0.2.12 --json
section states ip -n tsnet:overlay-encrypted:host-A xfrm state
section policies ip -n tsnet:overlay-encrypted:host-A xfrm policy
section rules-28 ip netns exec tsnet:overlay-encrypted:host-A iptables-save
section rules-20 ip netns exec tsnet:overlay-encrypted:host-B iptables-save
# what comes in as plain VXLAN is not let in
ip -n tsnet:overlay-encrypted:host-A xfrm policy flush
section plain ip netns exec tsnet:overlay-encrypted:alice ping -c 1 -W 2 10.0.2.12
section repaired tsnet_shoot lab apply /run/encrypted.yaml
section again ip netns exec tsnet:overlay-encrypted:alice ping -c 1 -W 5 10.0.2.12
section down-encrypted tsnet_shoot lab down overlay-encrypted
rm /run/encrypted.yaml
section up-services tsnet_shoot lab up labs/services.yaml --wait
section validate-services tsnet_shoot lab validate labs/services.yaml --run --json
section ipvs ip netns exec tsnet:services:lb_mesh.host-A ipvsadm -Sn
section ipvs-ingress ip netns exec tsnet:services:ingress_sbox.host-B ipvsadm -Sn
section balancer-rules ip netns exec tsnet:services:lb_mesh.host-A iptables-save
section ingress-rules ip netns exec tsnet:services:ingress_sbox.host-A iptables-save
section host-rules ip netns exec tsnet:services:host-A iptables-save
section task-rules ip netns exec tsnet:services:web.1 iptables-save
section path-mesh tsnet_shoot path lab:services/client 192.168.56.12:8080 --minimal
sed 's/replicas: 3/replicas: 2/' labs/services.yaml >/run/fewer.yaml
section fewer tsnet_shoot lab apply /run/fewer.yaml
section ipvs-fewer ip netns exec tsnet:services:lb_mesh.host-A ipvsadm -Sn
rm /run/fewer.yaml
section down-services tsnet_shoot lab down services
before >/run/after.txt
section left diff /run/before.txt /run/after.txt
