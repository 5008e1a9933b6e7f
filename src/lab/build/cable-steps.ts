import {
  addAddress,
  changeLink,
  createLink,
  createVethPair,
  deleteLink,
  getLink,
  IFA_F,
  type QdiscOptions,
  replaceQdisc,
} from 'netlink-ts'
import { formatIpNumber, parseCidr } from '../../driver/ipam/cidr.ts'
import { askAll, askKernel, isAbsent, type Step } from '../../driver/kernel-failure.ts'
import type { NetworkHost } from '../../driver/network-host.ts'
import type { AttachmentObject, ExposeObject, LinkObject, VlanObject } from '../resolve/lab-object.ts'
import { SEGMENT_BRIDGE } from '../resolve/resolve-nodes.ts'
import type { Shaping } from '../topology/topology.ts'
import { labTag } from './lab-paths.ts'
import type { Machines } from './machines.ts'

/** One end of a cable. */
interface End {
  readonly machine: NetworkHost
  readonly interface: string
  /** With prefix lengths. */
  readonly addresses: readonly string[]
  readonly mac?: string | undefined
  /** Bridge that it is a port of. */
  readonly master?: string
}

interface Cable {
  readonly what: string
  readonly alias: string
  readonly mtu?: number | undefined
  readonly shaping: Shaping
}

export function makeAttachment(machines: Machines, attachment: AttachmentObject): void {
  const { node, segment, port, mtu, shaping, id } = attachment
  const alias = `${labTag(machines.lab)} ${id}`
  const outer: End = { machine: machines.get(segment), interface: port, addresses: [], master: SEGMENT_BRIDGE }
  makeCable(outer, { ...attachment, machine: machines.get(node) }, { what: id, alias, mtu, shaping })
}

export function makeLink(machines: Machines, { ends: [a, b], id, mtu, shaping }: LinkObject): void {
  const alias = `${labTag(machines.lab)} ${id}`
  const end = (each: LinkObject['ends'][0]): End => ({ ...each, machine: machines.get(each.node) })
  makeCable(end(a), end(b), { what: id, alias, mtu, shaping })
}

export function makeExpose(machines: Machines, expose: ExposeObject): void {
  const { node, peerInterface, peers, id } = expose
  const alias = `${labTag(machines.lab)} ${id}`
  const outer: End = { machine: machines.real, interface: peerInterface, addresses: peers }
  makeCable({ ...expose, machine: machines.get(node) }, outer, { what: id, alias, shaping: {} })
}

/** The second end is made in its namespace at once: moving it would cost grace periods. */
function makeCable(a: End, b: End, { what, alias, mtu, shaping }: Cable): void {
  const common = { alias, mtu }
  const peer = { ...common, name: b.interface, mac: b.mac, namespace: { fd: b.machine.fd } }
  const master = a.master === undefined ? undefined : indexOf(a.machine, a.master)
  askAll(a.machine.route, what, [
    { what: 'make it', request: createVethPair(a.interface, peer, { ...common, mac: a.mac, master }) },
  ])
  for (const end of [a, b]) {
    const index = indexOf(end.machine, end.interface)
    const addresses = end.addresses.map((address) => addressStep(index, address))
    const up: Step = { what: `set ${end.interface} up`, request: changeLink(index, { up: true, alias }) }
    askAll(end.machine.route, what, [up, ...addresses, ...shapingSteps(index, shaping)])
  }
}

export function makeVlan(machines: Machines, { node, parent, vlan, interface: name, addresses, id }: VlanObject): void {
  const machine = machines.get(node)
  const link = indexOf(machine, parent)
  askAll(machine.route, id, [
    { what: 'make it', request: createLink({ kind: 'vlan', name, link, info: { kind: 'vlan', id: vlan } }) },
  ])
  const index = indexOf(machine, name)
  const up: Step = {
    what: `set ${name} up`,
    request: changeLink(index, { up: true, alias: `${labTag(machines.lab)} ${id}` }),
  }
  askAll(machine.route, id, [up, ...addresses.map((address) => addressStep(index, address))])
}

/** With the other end. No error when it, or its machine, is gone. */
export function removeInterface(machine: NetworkHost, name: string): void {
  try {
    askKernel(`delete link ${name}`, () => machine.route.request(deleteLink({ name })))
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

function indexOf(machine: NetworkHost, name: string): number {
  return askKernel(`link ${name}`, () => getLink(machine.route, { name })).index
}

/** The lab file gives each address once, so that IPv6 need not ask around for a second. */
function addressStep(index: number, cidr: string): Step {
  const [address = '', length = ''] = cidr.split('/')
  const { family, last, length: bits } = parseCidr(cidr)
  const broadcast = family === 4 && bits < 31 ? formatIpNumber({ family, value: last }) : undefined
  const flags = family === 6 ? IFA_F.NODAD : undefined
  return {
    what: `add address ${cidr}`,
    request: addAddress({ index, address, prefixLength: Number(length), broadcast, flags }),
  }
}

/** Bytes that may be sent at once at full speed: at least some packets, else what 10 ms bring. */
const SMALLEST_BURST = 16 * 1024
const BURSTS_A_SECOND = 100
/** What may wait: 50 ms of the rate. */
const QUEUES_A_SECOND = 20

/** netem where something must happen to the packets themselves, a token bucket where they only are to be slowed. */
export function shapingOptions({ rate, delayUs, loss }: Shaping): QdiscOptions | undefined {
  const bytes = rate === undefined ? undefined : Math.max(1, Math.round(rate / 8))
  if (delayUs !== undefined || loss !== undefined) return { kind: 'netem', delayUs, loss, rate: bytes }
  if (bytes === undefined) return undefined
  const burst = Math.max(SMALLEST_BURST, Math.round(bytes / BURSTS_A_SECOND))
  return { kind: 'tbf', rate: bytes, burst, limit: burst + Math.round(bytes / QUEUES_A_SECOND) }
}

function shapingSteps(index: number, shaping: Shaping): readonly Step[] {
  const options = shapingOptions(shaping)
  if (options === undefined) return []
  return [{ what: `shape it with ${options.kind}`, request: replaceQdisc({ index, kind: options.kind, options }) }]
}
