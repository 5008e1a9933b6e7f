import { parseIp } from '../../model/ip-bytes.ts'
import type { HostSnapshot, Namespace } from '../../model/snapshot.ts'
import { nameOf } from '../../model/wiring.ts'
import { sanitise } from '../../report/sanitise.ts'

/** The address of a namespace that another one would use: on a network of both, IPv4 before IPv6, else the first. */
export function addressTowards(source: Namespace | undefined, destination: Namespace): string | undefined {
  const own = destination.addresses
    .filter(({ scope }) => scope === 'global')
    .map(({ address }) => address.split('/')[0] ?? '')
  const rank = (text: string): number =>
    (source?.addresses.some(({ address }) => isInSubnet(address, text)) === true ? 0 : 2) + (text.includes(':') ? 1 : 0)
  return own.toSorted((a, b) => rank(a) - rank(b))[0]
}

/** Whether an address is in the subnet of another, `172.19.0.3/16`. */
export function isInSubnet(subnet: string, address: string): boolean {
  const [text = '', length] = subnet.split('/')
  const [a, b] = [parseIp(text), parseIp(address)]
  if (a === undefined || b === undefined || a.length !== b.length) return false
  const bits = Number(length ?? a.length * 8)
  return a.every((byte, at) => {
    const mask = 0xff & (0xff << (8 - Math.max(0, Math.min(8, bits - at * 8))))
    return (byte & mask) === ((b[at] ?? 0) & mask)
  })
}

/** A word of one line that means the namespace, on the screen and after `:path`. */
export function wordOf({ namespaces }: HostSnapshot, namespace: Namespace): string {
  const name = nameOf(namespace)
  const isPlain = /^[A-Za-z0-9][\w.@-]*$/.test(name)
  const isAlone = namespaces.filter((each) => nameOf(each) === name).length === 1
  return isPlain && isAlone ? sanitise(name) : `inode:${namespace.inode}`
}

/** The namespace that a word means, when it is one alone. */
export function namespaceCalled({ namespaces }: HostSnapshot, word: string): Namespace | undefined {
  const inode = /^inode:(\d+)$/.exec(word)?.[1]
  if (inode !== undefined) return namespaces.find((each) => String(each.inode) === inode)
  const found = namespaces.filter((each) => nameOf(each) === word || each.names.includes(word))
  return found.length === 1 ? found[0] : undefined
}

/** Ports that somebody in there listens on, as far as they were read: `8500`, `53/udp`. */
export function listeningPorts({ sockets }: Namespace): readonly string[] {
  const ports = sockets.flatMap(({ protocol, state, local, localPort }) => {
    const isListening = protocol === 'tcp' ? state === 'LISTEN' : protocol === 'udp' && state === 'UNCONN'
    if (!isListening || localPort === undefined || local.startsWith('127.')) return []
    return [protocol === 'tcp' ? String(localPort) : `${localPort}/${protocol}`]
  })
  return [...new Set(ports)]
}
