import type { HostEvent } from '../model/event.ts'
import { sanitise } from './sanitise.ts'

const MARKS: Record<HostEvent['action'], string> = { new: '+', changed: '~', deleted: '-', resync: '!' }

/** `12:00:01.123 + web neighbour 10.0.0.1 dev eth0 …` */
export function formatEvent({ at, namespace, kind, action, text }: HostEvent): string {
  return sanitise(`${at.slice(11, 23)} ${MARKS[action]} ${namespace.name} ${kind} ${text}`)
}
