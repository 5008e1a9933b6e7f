import type { Explanations } from '../explain.ts'

const NETNS = 'network_namespaces(7)'
const DOCKER = 'docker inspect'

export const NAMESPACE: Explanations = {
  inode: {
    text: 'Number of the namespace in the kernel (lsns shows the same). All its names lead to it.',
    source: NETNS,
  },
  names: { text: 'Names it can be entered by: ip netns names, bind mounts, containers.', source: 'ip-netns(8)' },
  'owner.kind': {
    text: 'Who it belongs to: the host, a container engine, a lab, ip netns, a process, or only an open file descriptor.',
    source: NETNS,
  },
  'owner.name': { text: 'How people call it.', source: NETNS },
  'owner.containerId': { text: 'Full id of the container.', source: 'docker inspect' },
  'owner.pod': {
    text: 'Kubernetes namespace and pod. All containers of a pod share this network namespace.',
    source: 'Kubernetes: Pods',
  },
  'owner.sandbox': {
    text: 'A namespace of Docker’s own: ingress takes published Swarm ports, load-balancer a service’s virtual addresses, overlay holds the bridge and vxlan.',
    source: 'docker network',
  },
  'owner.networkId': { text: 'Network that the sandbox serves.', source: 'docker network' },
  'owner.networkName': { text: 'Name of that network.', source: 'docker network' },
  'owner.lab': { text: 'Lab it was built for.', source: 'tsnet-shoot lab' },
  'owner.process.pid': { text: 'Process that owns or holds it; it vanishes with the last one.', source: NETNS },
  'owner.process.command': { text: 'Name of that process.', source: 'proc(5)' },
  'owner.process.fd': { text: 'Descriptor that keeps it alive.', source: 'proc(5)' },
  'owner.driver': {
    text: 'Network driver that left it, recognised by its marks.',
    source: 'the driver’s documentation',
  },
  pids: { text: 'Processes inside. None: only a name or a descriptor keeps it.', source: NETNS },
  'softnet.processed': {
    text: 'Packets that the receive path took in, over all processors.',
    source: '/proc/net/softnet_stat',
  },
  'softnet.dropped': {
    text: 'Packets dropped because the backlog of a processor was full (net.core.netdev_max_backlog).',
    source: '/proc/net/softnet_stat',
  },
  'softnet.squeezed': {
    text: 'Times that packets were left waiting because the budget of a round was used up (net.core.netdev_budget).',
    source: '/proc/net/softnet_stat',
  },
  links: { text: 'Network devices (view links).', source: 'ip-link(8)' },
  addresses: { text: 'Addresses (view addrs).', source: 'ip-address(8)' },
  routes: { text: 'Routes (view routes).', source: 'ip-route(8)' },
  rules: { text: 'Policy routing rules (view routes).', source: 'ip-rule(8)' },
  neighbours: { text: 'ARP and ND entries (view neigh).', source: 'ip-neighbour(8)' },
  fdb: { text: 'Which MAC is behind which port (view fdb).', source: 'bridge(8)' },
  firewall: { text: 'Rules of both back ends (view firewall).', source: 'iptables(8), nft(8)' },
  chains: { text: 'Their chains and policies.', source: 'iptables(8), nft(8)' },
  ipsets: { text: 'Sets that rules refer to.', source: 'ipset(8)' },
  'nftSets[].family': { text: 'Family of the table that the set is in.', source: 'nft(8)' },
  'nftSets[].table': { text: 'Table that the set is in.', source: 'nft(8)' },
  'nftSets[].name': { text: 'Name by which rules refer to it.', source: 'nft(8)' },
  'nftSets[].kind': {
    text: 'A set only knows whether something is in it, a map has a value or verdict for it.',
    source: 'nft(8)',
  },
  'nftSets[].type': { text: 'What its elements are: addresses, ports, links.', source: 'nft(8)' },
  'nftSets[].dataType': { text: 'What a map gives back.', source: 'nft(8)' },
  'nftSets[].flags': {
    text: 'interval: ranges, timeout: elements that expire, dynamic: rules add to it.',
    source: 'nft(8)',
  },
  'nftSets[].elements': { text: 'What is in it.', source: 'nft(8)' },
  ipvs: { text: 'Virtual services (view ipvs).', source: 'ipvsadm(8)' },
  'conntrack.count': { text: 'Connections tracked now.', source: 'conntrack(8)' },
  'conntrack.max': {
    text: 'Most that may be tracked. At the limit new connections are dropped ("table full" in the kernel log).',
    source: 'kernel: networking/nf_conntrack-sysctl',
  },
  'conntrack.dropped': { text: 'Packets dropped because no entry could be made.', source: 'conntrack(8), -S' },
  'conntrack.insertFailed': {
    text: 'Entries that clashed with another (often two DNS queries from one port at once).',
    source: 'conntrack(8), -S',
  },
  'conntrack.earlyDropped': { text: 'Entries thrown out early to make room.', source: 'conntrack(8), -S' },
  sockets: { text: 'Open sockets (view sockets).', source: 'ss(8)' },
  'xfrm.states': { text: 'IPsec states (view xfrm).', source: 'ip-xfrm(8)' },
  'xfrm.policies': { text: 'IPsec policies (view xfrm).', source: 'ip-xfrm(8)' },
  qdiscs: { text: 'Queueing disciplines (view qdisc).', source: 'tc(8)' },
  'dns.path': { text: 'resolv.conf that its processes read.', source: 'resolv.conf(5)' },
  'dns.servers': { text: 'Name servers, in order.', source: 'resolv.conf(5)' },
  'dns.search': { text: 'Suffixes for short names.', source: 'resolv.conf(5)' },
  'dns.options': { text: 'Options of the resolver.', source: 'resolv.conf(5)' },
}

export const EVENT: Explanations = {
  at: { text: 'When it was read, UTC.', source: 'rtnetlink(7)' },
  'namespace.inode': { text: 'Where it happened.', source: NETNS },
  'namespace.name': { text: 'Where it happened.', source: NETNS },
  kind: {
    text: 'What kind of object. overrun: the kernel reported faster than we read, so everything was read again.',
    source: 'netlink(7), ENOBUFS',
  },
  action: { text: 'new, changed, deleted, or resync.', source: 'rtnetlink(7)' },
  text: { text: 'The event in one line.', source: 'ip-monitor(8)' },
}

export const CONTAINER: Explanations = {
  engine: { text: 'Who runs it: docker, podman or a Kubernetes runtime (cri).', source: DOCKER },
  id: { text: 'Full id. The first twelve characters are its default host name.', source: DOCKER },
  name: { text: 'Name, which Docker’s own resolver answers for on user-defined networks.', source: DOCKER },
  image: { text: 'Image it was made from.', source: DOCKER },
  state: { text: 'Only a running container has a network namespace of its own.', source: DOCKER },
  namespace: { text: 'Inode of its network namespace.', source: NETNS },
  pid: { text: 'Its first process, seen from the host.', source: DOCKER },
  'compose.project': {
    text: 'Compose project: its services share a network and find each other by name.',
    source: 'docker compose',
  },
  'compose.service': {
    text: 'Service name, which the other containers of the project resolve.',
    source: 'docker compose',
  },
  'swarm.service': {
    text: 'Swarm service. Its name resolves to a virtual address, tasks.NAME to the tasks.',
    source: 'docker service',
  },
  'swarm.serviceId': { text: 'Id of the service.', source: 'docker service' },
  'swarm.task': { text: 'Task: one container of the service, on this node.', source: 'docker service ps' },
  'swarm.taskId': { text: 'Id of the task.', source: 'docker service ps' },
  pod: { text: 'Kubernetes namespace and pod.', source: 'Kubernetes: Pods' },
  networkMode: {
    text: 'bridge, host (no namespace of its own), none, or container:ID (shares that one’s).',
    source: 'docker run --network',
  },
  'networks[].network': {
    text: 'Network it is connected to. Containers without a common network do not reach each other.',
    source: 'docker network',
  },
  'networks[].networkId': { text: 'Id of that network.', source: 'docker network' },
  'networks[].addresses': { text: 'Its addresses there, as the engine gave them out.', source: DOCKER },
  'networks[].mac': { text: 'Its Ethernet address there.', source: DOCKER },
  'networks[].gateway': { text: 'Its default gateway there: the bridge.', source: DOCKER },
  'networks[].aliases': { text: 'Further names it is found by on that network.', source: DOCKER },
  'ports[].protocol': { text: 'tcp, udp or sctp.', source: 'docker run --publish' },
  'ports[].containerPort': {
    text: 'Port inside the container. Something has to listen there on its address or on all.',
    source: 'docker run --publish',
  },
  'ports[].hostAddress': {
    text: 'Address of the host it is published on; 0.0.0.0: on all.',
    source: 'docker run --publish',
  },
  'ports[].hostPort': {
    text: 'Port of the host. Missing: only exposed, not published.',
    source: 'docker run --publish',
  },
}

export const HIDDEN: Explanations = {
  subject: { text: 'What could not be looked at.', source: 'tsnet-shoot' },
  reason: { text: 'Why not.', source: 'tsnet-shoot' },
  hint: { text: 'What would show it.', source: 'tsnet-shoot' },
  namespace: { text: 'Inode, when it concerns one namespace.', source: NETNS },
}
