/** What engines read of the answers; of structs inside them, `Outer.Inner`. Methods that are not here answer nothing. */
const FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['Plugin.Activate', ['Implements']],
  ['NetworkDriver.GetCapabilities', ['Scope', 'ConnectivityScope', 'GwAllocChecker']],
  ['NetworkDriver.GwAllocCheck', ['SkipIPv4', 'SkipIPv6']],
  ['NetworkDriver.AllocateNetwork', ['Options']],
  ['NetworkDriver.CreateEndpoint', ['Interface', 'Interface.Address', 'Interface.AddressIPv6', 'Interface.MacAddress']],
  ['NetworkDriver.EndpointOperInfo', ['Value']],
  [
    'NetworkDriver.Join',
    [
      'InterfaceName',
      'InterfaceName.SrcName',
      'InterfaceName.DstPrefix',
      'InterfaceName.DstName',
      'Gateway',
      'GatewayIPv6',
      'StaticRoutes',
      'DisableGatewayService',
      // of old engines; ignored since
      'HostsPath',
      'ResolvConfPath',
    ],
  ],
  ['IpamDriver.GetCapabilities', ['RequiresMACAddress', 'RequiresRequestReplay']],
  ['IpamDriver.GetDefaultAddressSpaces', ['LocalDefaultAddressSpace', 'GlobalDefaultAddressSpace']],
  ['IpamDriver.RequestPool', ['PoolID', 'Pool', 'Data']],
  ['IpamDriver.RequestAddress', ['Address', 'Data']],
])

const ERROR_FIELDS = ['Err', 'Error']

/** The fields of an answer that no engine reads, as it spells them. */
export function unknownFields(method: string, answer: object): string[] {
  const known = [...(FIELDS.get(method) ?? []), ...ERROR_FIELDS].map((name) => name.toLowerCase())
  const isUnknown = (path: string) => !known.includes(path.toLowerCase())
  return Object.entries(answer).flatMap(([name, value]) => {
    if (isUnknown(name)) return [name]
    const isStruct = known.some((one) => one.startsWith(`${name.toLowerCase()}.`))
    if (!isStruct || typeof value !== 'object' || value === null) return []
    return Object.keys(value)
      .map((inner) => `${name}.${inner}`)
      .filter(isUnknown)
  })
}
