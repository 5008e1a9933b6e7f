import type { CheckEntry } from '../../checks/file/read-check.ts'
import { readCheck } from '../../checks/file/read-check.ts'
import { RESOURCES } from '../../checks/file/resources.ts'
import type { CheckPlace } from '../../model/check.ts'
import type { Complaints, Path } from '../../model/file/problem.ts'
import type { CheckSpec } from './topology.ts'
import { given } from './written-settings.ts'

export interface LabCheckReading {
  readonly complaints: Complaints
  readonly placeOf: (path: Path) => CheckPlace
}

/** A check of a lab: that of any check file, where `from` is a name of the lab and must be said. */
export function readLabCheck(
  entry: CheckEntry,
  at: Path,
  { complaints, placeOf }: LabCheckReading,
): readonly CheckSpec[] {
  if (entry.each !== undefined && entry.each['values'] === undefined) {
    complaints.error([...at, 'each'], 'in a lab each is of values')
    return []
  }
  const check = readCheck(entry, { at, complaints, placeOf })
  if (check === undefined) return []
  if (RESOURCES[check.resource].isInNamespace && entry.from === undefined) complaints.error(at, 'from is missing')
  // one that is filled in for each is known when it is run
  const from = entry.from?.includes('${') === true ? undefined : entry.from
  return [{ at, check, ...given({ from }) }]
}
