# Faults that need VLANs, ESP, IPVS or the machine's first namespace, by the scoreboard of the doctor.
# the guest has no resolver, which is a finding of its own
echo 'nameserver 192.0.2.53' >/etc/resolv.conf
export FAULTS_PROGRAM="$tsnet_program" FAULTS_PATIENCE=5
faults='vlan-not-trunked esp-blocked xfrm-mismatch ipvs-no-backend ipvs-dead-backend fwmark-mismatch ingress-rules-missing conntrack-full'
# emulated time is scarce: fewer containers, and their checks are tried by lab.sh
for lab in vlan-trunk overlay-encrypted services; do
  sed -e '/^checks:/,$d' -e 's/replicas: 3/replicas: 2/' -e '/^  each:/d' labs/$lab.yaml >/run/$lab.yaml
done
limit() { cat /proc/sys/net/netfilter/nf_conntrack_max; }
section limit limit
section score node .cache/test-programs/faults-vm.mjs /run/vlan-trunk.yaml /run/overlay-encrypted.yaml /run/services.yaml $faults --json
section limit-after limit
