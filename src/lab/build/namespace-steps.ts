import { writeFileSync } from 'node:fs'
import { changeLink, createLink, createNamedNamespace, deleteNamedNamespace, NETLINK, NetlinkSocket } from 'netlink-ts'
import { askAll, askKernel } from '../../driver/kernel-failure.ts'
import type { NodeObject, SegmentObject } from '../resolve/lab-object.ts'
import { SEGMENT_BRIDGE } from '../resolve/resolve-nodes.ts'
import { labTag, namespacePath } from './lab-paths.ts'
import type { Machines } from './machines.ts'

/** The kernel makes it first in every namespace. */
const LOOPBACK_INDEX = 1

/** As a Linux machine starts that nobody has configured, whatever the real machine has set. */
const FRESH_MACHINE: Readonly<Record<string, string>> = {
  'ipv4/ip_forward': '0',
  'ipv4/conf/all/rp_filter': '0',
  'ipv4/conf/default/rp_filter': '0',
  'ipv6/conf/all/forwarding': '0',
  // as systemd has it: anybody may send an echo request
  'ipv4/ping_group_range': '0 2147483647',
}

/** A host or router: a namespace with lo up. */
export function makeMachine(machines: Machines, { name, kind }: NodeObject): void {
  makeNamespace(machines.lab, name, (socket) => {
    for (const [setting, value] of Object.entries(FRESH_MACHINE)) writeSetting(setting, value)
    socket.request(changeLink(LOOPBACK_INDEX, { up: true, alias: `${labTag(machines.lab)} ${kind} ${name}` }))
  })
}

/** A segment: a namespace with a bridge that floods at once, and with no IP of its own. */
export function makeSegment(machines: Machines, { name, mtu }: SegmentObject): void {
  makeNamespace(machines.lab, name, (socket) => {
    writeSetting('ipv6/conf/default/disable_ipv6', '1')
    // frames of a segment are nobody's packets: they pass no rules
    writeSetting('bridge/bridge-nf-call-iptables', '0')
    writeSetting('bridge/bridge-nf-call-ip6tables', '0')
    const alias = `${labTag(machines.lab)} segment ${name}`
    askAll(socket, `segment ${name}`, [
      {
        what: 'make its bridge',
        request: createLink({ kind: 'bridge', name: SEGMENT_BRIDGE, ...(mtu === undefined ? {} : { mtu }) }),
      },
      { what: 'set it up', request: changeLink(0, { name: SEGMENT_BRIDGE, alias, up: true }) },
    ])
  })
}

export function removeNamespace(machines: Machines, name: string): void {
  machines.forget(name)
  askKernel(`remove namespace of ${name}`, () => deleteNamedNamespace(namespacePath(machines.lab, name)))
}

function makeNamespace(lab: string, name: string, inside: (socket: NetlinkSocket) => void): void {
  askKernel(`make namespace of ${name}`, () =>
    createNamedNamespace(namespacePath(lab, name), () => {
      const socket = new NetlinkSocket(NETLINK.ROUTE)
      try {
        inside(socket)
      } finally {
        socket.close()
      }
    }),
  )
}

/** In the namespace of this thread. A kernel that lacks the setting needs none. */
function writeSetting(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/${name}`, value)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
