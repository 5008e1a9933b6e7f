import { writeFileSync } from 'node:fs'
import { TsnetError } from '../../errors.ts'

/** What Docker sets in the namespace of a container. IPv6 is off until a network brings it. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'net/ipv6/conf/all/disable_ipv6': '1',
  'net/ipv6/conf/default/disable_ipv6': '1',
  'net/ipv4/ip_unprivileged_port_start': '0',
  'net/ipv4/ping_group_range': '0 2147483647',
}

/**
 * `net.ipv4.ip_forward` and `net/ipv4/ip_forward` → `net/ipv4/ip_forward`: as sysctl(8), a name with slashes may have
 * dots in it (`net/ipv4/conf/eth0.10/forwarding`).
 *
 * @throws TsnetError `usage` for what is no setting of a network namespace
 */
export function sysctlName(name: string): string {
  const path = name.includes('/') ? name : name.replaceAll('.', '/')
  const parts = path.split('/')
  if (
    parts[0] === 'net' &&
    parts.length > 2 &&
    parts.every((part) => /^[\w.:@-]+$/.test(part) && !/^\.+$/.test(part))
  ) {
    return path
  }
  throw new TsnetError('usage', `sysctl ${JSON.stringify(name)}: a sandbox has only settings below net`)
}

/**
 * Sets them in the namespace of this thread.
 *
 * @throws TsnetError `unsupported` for a wish that this kernel does not know, `failed` for a value it refuses
 */
export function writeSandboxSysctls(wishes: Readonly<Record<string, string>>): void {
  // a kernel without IPv6 needs none of it switched off
  for (const [name, value] of Object.entries(DEFAULTS)) write(name, value, () => undefined)
  for (const [name, value] of Object.entries(wishes)) {
    write(sysctlName(name), value, (cause) => {
      throw new TsnetError('unsupported', `sysctl ${name}: there is no such setting`, { cause })
    })
  }
}

/** Allows IPv6 on one link and on lo, in the namespace of this thread. */
export function enableIpv6(link: string): void {
  for (const name of ['lo', link]) {
    write(`net/ipv6/conf/${name}/disable_ipv6`, '0', (cause) => {
      throw new TsnetError('unsupported', `IPv6 on ${link}: this kernel has none`, { cause })
    })
  }
}

/** Lets a link tell its neighbours of its addresses when it comes up, in the namespace of this thread. */
export function announceWhenUp(link: string): void {
  write(`net/ipv4/conf/${link}/arp_notify`, '1', () => undefined)
  write(`net/ipv6/conf/${link}/ndisc_notify`, '1', () => undefined)
}

function write(name: string, value: string, absent: (cause: unknown) => void): void {
  try {
    writeFileSync(`/proc/sys/${name}`, value)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT')
      throw new TsnetError('failed', `sysctl ${name} = ${value}: ${code ?? String(cause)}`, { cause })
    absent(cause)
  }
}
