import { readFileSync } from 'node:fs'
import type { NetworkHost } from '../../../driver/network-host.ts'

/** Lines before the first service. */
const HEADER_LINES = 3

/** The virtual services of a namespace as ipvsadm saves them; empty when there are none. */
export async function readIpvs(host: NetworkHost): Promise<string> {
  if (!hasServices(host)) return ''
  const { stdout } = await host.run('ipvsadm', ['--save', '--numeric'], { package: 'ipvsadm' })
  return stdout
}

/** Asked for without ipvsadm, which would load the module. */
function hasServices(host: NetworkHost): boolean {
  try {
    const text = host.inside(() => readFileSync('/proc/thread-self/net/ip_vs', 'utf8'))
    return text.trim().split('\n').length > HEADER_LINES
  } catch {
    return false
  }
}

/** Makes all of them anew when they differ. */
export async function restoreIpvs(host: NetworkHost, kept: string): Promise<void> {
  if ((await readIpvs(host)) === kept) return
  await host.run('ipvsadm', ['--clear'], { package: 'ipvsadm' })
  await host.run('ipvsadm', ['--restore'], { input: kept, package: 'ipvsadm' })
}
