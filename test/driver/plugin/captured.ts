/** Messages that a Docker Engine 20.10.24 sent to a plugin (the network was made with all that `network create` offers). */
export const NETWORK_ID = '6b19d1f0'.repeat(8)
export const ENDPOINT_ID = 'c6e9f9f5'.repeat(8)

export const PORTS = {
  'com.docker.network.endpoint.exposedports': [
    { Proto: 6, Port: 80 },
    { Proto: 17, Port: 81 },
  ],
  'com.docker.network.portmap': [{ Proto: 6, IP: '', Port: 80, HostIP: '', HostPort: 18100, HostPortEnd: 18100 }],
}

export const CREATE_NETWORK = {
  NetworkID: NETWORK_ID,
  Options: {
    'com.docker.network.enable_ipv6': false,
    'com.docker.network.generic': { 'com.docker.network.driver.mtu': '1400', r3key: 'r3val' },
  },
  IPv4Data: [
    {
      AddressSpace: 'r3local',
      AuxAddresses: { a1: '10.77.0.5/24' },
      Gateway: '10.77.0.1/24',
      Pool: '10.77.0.0/24',
    },
  ],
  IPv6Data: [],
}

export const CREATE_ENDPOINT = {
  NetworkID: NETWORK_ID,
  EndpointID: ENDPOINT_ID,
  Interface: { Address: '10.77.0.70/24', AddressIPv6: '', MacAddress: '02:42:0a:4d:00:77' },
  Options: { ...PORTS, 'com.docker.network.endpoint.macaddress': 'AkIKTQB3' },
}

export const IDS = { NetworkID: NETWORK_ID, EndpointID: ENDPOINT_ID }

export const JOIN = { ...IDS, SandboxKey: '/var/run/docker/netns/dac5cab62690', Options: PORTS }
