import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Controller } from '../../driver/controller/controller.ts'
import type { Sandbox } from '../../driver/model.ts'
import { LAB_STATE, labFilesFolder } from '../../model/lab-files.ts'
import { NAME_SERVER } from './name-service.ts'

const HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'ff00::0\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
]

/** Writes what the containers of a host resolve names with, as Docker does for each of its own. */
export function writeContainerFiles(lab: string, controller: Controller, served: ReadonlySet<string>): void {
  const endpoints = controller.endpoints()
  for (const sandbox of controller.sandboxes()) {
    const own = endpoints.filter((endpoint) => endpoint.sandbox === sandbox.id)
    const addresses = own.flatMap(({ interface: { address, addressIpv6 } }) => [address, addressIpv6])
    const given = addresses.filter((cidr) => cidr !== undefined)
    const files = {
      'resolv.conf': resolvConf(sandbox, served.has(sandbox.name)),
      hosts: hostsFile(sandbox.hostname, given),
    }
    writeFiles(lab, sandbox.name, files)
  }
}

/** A machine has no name servers: a lab does not reach those of the real one. */
export function writeMachineFiles(lab: string, name: string, cidrs: readonly string[]): void {
  writeFiles(lab, name, { 'resolv.conf': '', hosts: hostsFile(name, cidrs) })
}

function writeFiles(lab: string, name: string, files: Readonly<Record<string, string>>): void {
  const folder = labFilesFolder(lab, name)
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
}

/** No error when there are none. */
export function removeContainerFiles(lab: string): void {
  rmSync(join(LAB_STATE, lab, 'etc'), { recursive: true, force: true })
}

function resolvConf({ dns }: Sandbox, hasNameServer: boolean): string {
  const servers = hasNameServer ? [NAME_SERVER] : dns.servers
  const ndots = hasNameServer && !dns.options.some((option) => option.startsWith('ndots:')) ? ['ndots:0'] : []
  const options = [...ndots, ...dns.options]
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(dns.search.length === 0 ? [] : [`search ${dns.search.join(' ')}\n`]),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}\n`]),
  ].join('')
}

function hostsFile(hostname: string, cidrs: readonly string[]): string {
  const own = cidrs.map((cidr) => `${cidr.split('/')[0]}\t${hostname}`)
  return `${[...HOSTS, ...own].join('\n')}\n`
}
