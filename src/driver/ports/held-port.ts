import { closeSync } from 'node:fs'
import { type NamespaceEntry, systemErrorCode } from '../../kernel/namespace-sockets.ts'
import { bindSocket, isIpv6, listenSocket, openSocket, setIpv6Only } from '../../kernel/socket-calls.ts'
import type { HostPort } from './port-claims.ts'

/** A socket that nobody reads keeps a port of the host from being taken by another process, as dockerd does it. */
export interface HeldPort {
  release(): void
}

const NOBODY_SPEAKS_IT = new Set(['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EAFNOSUPPORT'])

/**
 * Takes a port of the host; undefined = the kernel does not speak the protocol, so nobody can take it.
 *
 * @throws NodeJS.ErrnoException EADDRINUSE, EADDRNOTAVAIL, EACCES…
 */
export function holdPort(entry: NamespaceEntry, port: HostPort): HeldPort | undefined {
  try {
    const fd = entry.inside(() => openAndBind(port))
    return { release: () => closeSync(fd) }
  } catch (error) {
    if (NOBODY_SPEAKS_IT.has(systemErrorCode(error) ?? '')) return undefined
    throw error
  }
}

function openAndBind({ protocol, hostAddress, hostPort }: HostPort): number {
  const fd = openSocket(protocol, hostAddress)
  if (isIpv6(hostAddress)) setIpv6Only(fd)
  bindSocket(fd, { address: hostAddress, port: hostPort })
  if (protocol !== 'udp') listenSocket(fd, 1)
  return fd
}
