import type { Complaints } from '../../model/file/problem.ts'
import type { LabTopology } from '../topology/topology.ts'
import { checkAddresses } from './check-addresses.ts'
import { checkCapacity } from './check-capacity.ts'
import { checkDrivers } from './check-drivers.ts'
import { checkNames } from './check-names.ts'
import { checkOrder } from './check-order.ts'
import { checkPorts } from './check-ports.ts'
import { checkReferences } from './check-references.ts'
import { checkServices } from './check-services.ts'
import { checkSettings } from './check-settings.ts'
import { checkSubnets } from './check-subnets.ts'
import { writtenNames } from './written-names.ts'

/** All that cannot be in a lab, found together and before anything is changed. */
export function checkTopology(topology: LabTopology, complaints: Complaints): void {
  const names = writtenNames(topology)
  checkNames(topology, complaints)
  checkReferences(topology, names, complaints)
  checkDrivers(topology, names, complaints)
  checkSubnets(topology, complaints)
  checkAddresses(topology, names, complaints)
  checkCapacity(topology, complaints)
  checkPorts(topology, complaints)
  checkServices(topology, names, complaints)
  checkOrder(topology, complaints)
  checkSettings(topology, complaints)
}
