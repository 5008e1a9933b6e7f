/** Keys of the options that an engine sends. Source: libnetwork netlabel. */
export const LABEL = {
  /** The user's `-o` options, all of them strings. */
  GENERIC: 'com.docker.network.generic',
  ENABLE_IPV4: 'com.docker.network.enable_ipv4',
  ENABLE_IPV6: 'com.docker.network.enable_ipv6',
  INTERNAL: 'com.docker.network.internal',
  EXPOSED_PORTS: 'com.docker.network.endpoint.exposedports',
  PORT_MAP: 'com.docker.network.portmap',
  /** Base64 of 6 bytes among the options of an endpoint, text among those of an address request. */
  MAC_ADDRESS: 'com.docker.network.endpoint.macaddress',
} as const
