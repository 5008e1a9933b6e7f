/** What a network driver calls what it makes. A pattern must be the driver's alone, or it is not listed. */
export interface DriverMarks {
  readonly driver: string
  readonly links?: readonly LinkMark[]
  /** Chains by their own name. */
  readonly chains?: RegExp
  /** nft tables by name: all their chains. */
  readonly tables?: RegExp
  /** Network driver of an engine's network: the plugin's name without tag. */
  readonly networks?: RegExp
  /** IPAM driver of an engine's network. */
  readonly ipam?: RegExp
  /** Names of namespaces. */
  readonly namespaces?: RegExp
}

export interface LinkMark {
  readonly name: RegExp
  /** IFLA_INFO_KIND; a name that others use too counts only with it. */
  readonly kinds?: readonly string[]
  /** Counts only beside something else of this driver in the same namespace: the kernel or others use the name too. */
  readonly beside?: true
}

/** Names as in the source of each project (the constant's name or the document is given); first match wins. */
export const DRIVER_MARKS: readonly DriverMarks[] = [
  {
    // felix: ChainNamePrefix `cali`, InterfacePrefix, VXLANInterface; nftables mode: table `calico`; libcalico-go ipip: tunl0
    driver: 'calico',
    links: [
      { name: /^cali[0-9a-f]{11}$/ },
      { name: /^vxlan(?:-v6)?\.calico$/ },
      { name: /^(?:wireguard|wg-v6|bpfin|bpfout)\.cali$/ },
      { name: /^tunl0$/, beside: true },
    ],
    chains: /^cali[-:]/,
    tables: /^calico$/,
    networks: /(?:^|\/)calico$/,
    ipam: /(?:^|\/)calico(?:-ipam)?$/,
  },
  {
    // weave: net/bridge.go (WeaveBridgeName, DatapathName, PortName), npc/constants.go
    driver: 'weave',
    links: [
      { name: /^weave$/, kinds: ['bridge', 'openvswitch'] },
      { name: /^vethwe/, kinds: ['veth'] },
      { name: /^datapath$/, kinds: ['openvswitch'] },
      { name: /^vxlan-6784$/ },
      { name: /^ethwe0?$/, kinds: ['veth'] },
    ],
    chains: /^WEAVE(?:$|-)/,
    networks: /(?:^|\/)(?:weave|weavemesh|net-plugin)$/,
    ipam: /^weave(?:mesh)?$/,
  },
  {
    // flannel: backend/vxlan (flannel.VNI, flannel-v6.VNI), backend/wireguard, backend/udp; pkg/trafficmngr/iptables
    driver: 'flannel',
    links: [
      { name: /^flannel(?:-v6)?\.\d+$/, kinds: ['vxlan'] },
      { name: /^flannel-wg(?:-v6)?$/ },
      { name: /^flannel0$/, kinds: ['tun'] },
      { name: /^flannel\.ipip$/ },
      { name: /^cni0$/, kinds: ['bridge'], beside: true },
    ],
    chains: /^FLANNEL-/,
    tables: /^flannel-ipv[46]$/,
  },
  {
    // cilium: pkg/defaults/node.go; endpoint interfaces lxc + hash; iptables chains of daemon/iptables
    driver: 'cilium',
    links: [
      { name: /^cilium_(?:host|net|vxlan|geneve|wg0|ipip[46]|tunl|health)$/ },
      { name: /^lxc(?:_health|[0-9a-f]{12})$/ },
    ],
    chains: /^(?:OLD_)?CILIUM_/,
    networks: /(?:^|\/)cilium$/,
    ipam: /^cilium$/,
  },
  {
    // kuryr-lib: lib/constants.py (CONTAINER_VETH_PREFIX `t_c`; `tap` and the Neutron port's id)
    driver: 'kuryr',
    links: [
      { name: /^t_c[0-9a-f]{8}-[0-9a-f]{2}$/ },
      { name: /^tap[0-9a-f]{8}-[0-9a-f]{2}$/, kinds: ['veth'], beside: true },
    ],
    networks: /^kuryr(?:-libnetwork)?$/,
    ipam: /^kuryr(?:-libnetwork)?$/,
  },
  {
    // contiv/netplugin: drivers/ovsdriver (hostPortName contivh0, ports vport and vvport); v2plugin
    driver: 'contiv',
    links: [{ name: /^contivh[01]$/ }, { name: /^vvport\d+$/ }, { name: /^vport\d+$/, beside: true }],
    networks: /^(?:netplugin|contiv\/v2plugin)$/,
    ipam: /^(?:netplugin|contiv\/v2plugin)$/,
  },
  {
    // antrea: pkg/agent/util/iptables (ANTREA-…), default hostGateway antrea-gw0
    driver: 'antrea',
    links: [{ name: /^antrea-(?:gw|tun|ingress|egress)0$/ }],
    chains: /^ANTREA-/,
    tables: /^antrea$/,
  },
  {
    // ovn-kubernetes: pkg/types/const.go (K8sMgmtIntfName), go-controller/pkg/node (OVN-KUBE-… chains)
    driver: 'ovn-kubernetes',
    links: [{ name: /^ovn-k8s-(?:mp|gw)\d+/ }],
    chains: /^OVN-KUBE-/,
    tables: /^ovn-kubernetes$/,
  },
  {
    // kube-router: pkg/controllers/{routing,netpol,proxy}
    driver: 'kube-router',
    links: [{ name: /^kube-bridge$/, kinds: ['bridge'] }, { name: /^kube-dummy-if$/ }],
    chains: /^KUBE-(?:ROUTER-|POD-FW-|NWPLCY-)/,
  },
  // kubernetes: pkg/kubelet/kubelet_network_linux.go
  { driver: 'kubelet', chains: /^KUBE-(?:KUBELET-CANARY|FIREWALL)$/, tables: /^kubelet$/ },
  {
    // kubernetes: pkg/proxy/{iptables,nftables,ipvs}; ipvs: defaultDummyDevice
    driver: 'kube-proxy',
    links: [{ name: /^kube-ipvs0$/ }],
    chains: /^KUBE-/,
    tables: /^kube-proxy$/,
  },
  { driver: 'node-local-dns', links: [{ name: /^nodelocaldns$/ }] },
  {
    // neutron: common constants (interface prefixes and 11 characters of an id), iptables_manager
    driver: 'neutron',
    links: [{ name: /^(?:qbr|qvb|qvo|qr-|qg-|brq|ha-|sg-|fg-|rfp-|fpr-)[0-9a-f]{8}-[0-9a-f]{2}$/ }],
    chains: /^neutron-/,
    namespaces: /^(?:qrouter|qdhcp|snat|fip|qlbaas)-[0-9a-f]{8}-/,
  },
  {
    // openvswitch: lib/dpif-netlink.c (ovs-system), lib/netdev-vport.c (TYPE_sys_PORT)
    driver: 'openvswitch',
    links: [{ name: /^(?:genev|vxlan|gre|erspan|gtpu)_sys(?:_\d+)?$/ }, { name: /./, kinds: ['openvswitch'] }],
  },
  {
    // containers/netavark: src/firewall/{varktables,nft}.rs, default bridge podman0; the older one was cni-podman0
    driver: 'podman',
    links: [{ name: /^(?:cni-)?podman\d+$/, kinds: ['bridge'] }],
    chains: /^(?:NETAVARK[-_]|CNI-PODMAN)/,
    tables: /^netavark$/,
    namespaces: /^netns-[0-9a-f]{8}-[0-9a-f]{4}-/,
  },
  {
    // moby: libnetwork/drivers/bridge (docker0, br-ID, chains, nftabler: docker-bridges), overlay (ov-, vx-), osl
    driver: 'docker',
    links: [
      { name: /^docker(?:0|_gwbridge)$/, kinds: ['bridge'] },
      { name: /^br-[0-9a-f]{12}$/, kinds: ['bridge'] },
      { name: /^ov-[0-9a-f]{6}-[0-9a-z]{5}$/, kinds: ['bridge'] },
      { name: /^vx-[0-9a-f]{6}-[0-9a-z]{5}$/, kinds: ['vxlan'] },
      { name: /^dm-[0-9a-f]{12}$/, kinds: ['dummy'] },
    ],
    chains: /^DOCKER(?:$|[-_])/,
    tables: /^docker-bridges$/,
  },
  {
    // containernetworking/plugins: portmap, firewall; bridge's default name
    driver: 'cni',
    links: [{ name: /^cni0$/, kinds: ['bridge'] }],
    chains: /^CNI-/,
    tables: /^cni_(?:hostport|plugins)/,
    namespaces: /^cni-[0-9a-f]{8}-[0-9a-f]{4}-/,
  },
  {
    // libvirt: network/bridge_driver_linux.c, network_nftables.c
    driver: 'libvirt',
    links: [{ name: /^virbr\d+(?:-nic)?$/ }],
    chains: /^LIBVIRT_/,
    tables: /^libvirt_network$/,
  },
  { driver: 'lxd', links: [{ name: /^lxdbr\d+$/, kinds: ['bridge'] }], tables: /^lxd$/ },
  { driver: 'incus', links: [{ name: /^incusbr\d+$/, kinds: ['bridge'] }], tables: /^incus$/ },
  {
    // firewalld: core/nftables.py (table firewalld), core/ipXtables.py (INPUT_ZONES, IN_ZONE_allow…)
    driver: 'firewalld',
    chains:
      /^(?:(?:INPUT|FORWARD|PREROUTING|POSTROUTING|OUTPUT)_(?:ZONES(?:_SOURCE)?|direct|POLICIES_(?:pre|post))|FORWARD_(?:IN|OUT)_ZONES(?:_SOURCE)?)$/,
    tables: /^firewalld(?:_policy_drop)?$/,
  },
  // ufw: before.rules, user.rules
  { driver: 'ufw', chains: /^ufw6?-/ },
  { driver: 'fail2ban', chains: /^f2b-/, tables: /^f2b-table$/ },
  {
    // tailscale: util/linuxfw (ts-input…), default --tun tailscale0
    driver: 'tailscale',
    links: [{ name: /^tailscale\d+$/ }],
    chains: /^ts-(?:input|forward|postrouting)$/,
  },
  // wireguard-tools: wg-quick/linux.bash (nft table wg-quick-INTERFACE)
  { driver: 'wg-quick', tables: /^wg-quick-/ },
  // nebula: examples/config.yml (tun.dev)
  { driver: 'nebula', links: [{ name: /^nebula\d+$/, kinds: ['tun'] }] },
  // Docker's store: the IPAM plugin infoblox/ipam-plugin, driver `infoblox`
  { driver: 'infoblox', ipam: /^infoblox(?:\/ipam-plugin)?$/ },
]
