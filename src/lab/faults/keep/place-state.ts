import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NetlinkError, type NetlinkSocket, type Request } from 'netlink-ts'
import { isAbsent, kernelFailure } from '../../../driver/kernel-failure.ts'
import type { NetworkHost } from '../../../driver/network-host.ts'
import { readSysctls } from '../../../kernel/sysctls.ts'
import { labFilesFolder } from '../../../model/lab-files.ts'
import { type KeptFirewall, type RestoreFirewallOptions, readFirewall, restoreFirewall } from './kept-firewall.ts'
import { readIpvs, restoreIpvs } from './kept-ipvs.ts'
import { type KeptLink, readLinks, restoreLinks } from './kept-links.ts'
import { type KeptListeners, readListeners, restoreListeners } from './kept-listeners.ts'
import { KEPT_TABLES, type KeptEntry, type KeptTable, type KeptTableName } from './kept-table.ts'
import { type KeptXfrm, readXfrm, restoreXfrm } from './kept-xfrm.ts'

/** All of a namespace that a fault, or what a person does about it, may change: as JSON. */
export interface PlaceState {
  readonly place: string
  readonly links: readonly KeptLink[]
  readonly tables: Readonly<Record<KeptTableName, readonly KeptEntry[]>>
  readonly sysctls: Readonly<Record<string, string>>
  readonly firewall: KeptFirewall
  readonly xfrm: KeptXfrm
  /** Virtual services as ipvsadm saves them. */
  readonly ipvs: string
  readonly listeners: KeptListeners
  /** resolv.conf and hosts of a container; null = there is none. */
  readonly files: Readonly<Record<string, string | null>>
}

const FILES = ['resolv.conf', 'hosts']
const TABLE_NAMES = Object.keys(KEPT_TABLES) as readonly KeptTableName[]

export async function readPlace(lab: string, place: string, host: NetworkHost): Promise<PlaceState> {
  const read = (name: KeptTableName) => asJson(readTable(host.route, KEPT_TABLES[name] as KeptTable<unknown>))
  return {
    place,
    links: asJson(readLinks(host.route)),
    tables: Object.fromEntries(TABLE_NAMES.map((name) => [name, read(name)])) as PlaceState['tables'],
    sysctls: host.inside(readSysctls),
    firewall: await readFirewall(host),
    xfrm: readXfrm(host),
    ipvs: await readIpvs(host),
    listeners: readListeners(lab, place),
    files: Object.fromEntries(FILES.map((file) => [file, readFile(join(labFilesFolder(lab, place), file))])),
  }
}

/** As it comes back from the disk. */
function asJson<T>(value: unknown): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** A kernel without bridge VLANs has none. */
function readTable(socket: NetlinkSocket, table: KeptTable<unknown>): readonly unknown[] {
  try {
    return table.read(socket)
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'unsupported') return []
    throw error
  }
}

function readFile(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

/** Puts the links of a namespace back: what is on them may need those of others as well. */
export function restorePlaceLinks(host: NetworkHost, { place, links }: PlaceState): void {
  restoreLinks(host.route, place, links)
}

/** Puts everything else back. */
export async function restorePlace(
  lab: string,
  host: NetworkHost,
  state: PlaceState,
  options: RestoreFirewallOptions,
): Promise<void> {
  restoreSysctls(host, state.sysctls)
  for (const name of TABLE_NAMES) {
    restoreTable(host.route, `${state.place}: ${name}`, KEPT_TABLES[name] as KeptTable<unknown>, state.tables[name])
  }
  if (state.xfrm.states.length > 0) restoreXfrm(host, state.place, state.xfrm)
  if (state.ipvs !== '') await restoreIpvs(host, state.ipvs)
  await restoreFirewall(host, state.firewall, options)
  await restoreListeners(lab, state.listeners)
  for (const [file, text] of Object.entries(state.files))
    restoreFile(join(labFilesFolder(lab, state.place), file), text)
}

/** ip_forward and those of `all` change others: they come first, and what they changed once more. */
function restoreSysctls(host: NetworkHost, kept: Readonly<Record<string, string>>): void {
  for (let round = 0; round < 2; round++) {
    const now = host.inside(readSysctls)
    const differ = Object.entries(kept).filter(
      ([name, value]) => now[name] !== undefined && now[name] !== value && !READ_ONLY.test(name),
    )
    for (const [name, value] of differ.toSorted(([a], [b]) => a.length - b.length)) {
      host.writeSysctl(sysctlPath(name), value)
    }
  }
}

/** A count, and what the first namespace of the machine decides. */
const READ_ONLY = /nf_conntrack_(count|buckets|max)$/

/** `net.ipv4.conf.eth0/10.forwarding` → `ipv4/conf/eth0.10/forwarding` */
export function sysctlPath(name: string): string {
  return name.slice('net.'.length).replaceAll(/[./]/g, (sign) => (sign === '.' ? '/' : '.'))
}

function restoreTable(
  socket: NetlinkSocket,
  what: string,
  table: KeptTable<unknown>,
  kept: readonly KeptEntry[],
): void {
  const entries = (): readonly KeptEntry[] => asJson(readTable(socket, table))
  const wanted = new Set(kept.map(textOf))
  for (const entry of entries()) if (!wanted.has(textOf(entry))) ask(socket, what, table.remove(entry))
  const present = new Set(entries().map(textOf))
  for (const entry of kept) if (!present.has(textOf(entry))) ask(socket, what, table.add(entry))
}

function textOf(entry: KeptEntry): string {
  return JSON.stringify(entry)
}

const EEXIST = 17

/** What is there already, or gone already, is as it shall be. */
function ask(socket: NetlinkSocket, what: string, request: Request): void {
  try {
    socket.request(request)
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    const isDone = error.errno === EEXIST || isAbsent(kernelFailure(what, error)) || error.errno === EADDRNOTAVAIL
    if (!isDone) throw kernelFailure(what, error)
  }
}

const EADDRNOTAVAIL = 99

function restoreFile(path: string, text: string | null): void {
  if (readFile(path) === text) return
  if (text === null) {
    rmSync(path, { force: true })
    return
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
