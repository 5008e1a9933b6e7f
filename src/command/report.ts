import { randomBytes } from 'node:crypto'
import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { askedFlows } from '../checks/doctor/asked-flows.ts'
import { HostMap } from '../checks/doctor/host-map.ts'
import type { Context } from '../command.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { predict } from '../flow/predict.ts'
import { World } from '../flow/world.ts'
import type { Journey } from '../model/journey.ts'
import { legsOf } from '../model/journey-legs.ts'
import { selectNamespace } from '../model/select.ts'
import type { HostSnapshot, Namespace } from '../model/snapshot.ts'
import { htmlReport } from '../report/html/html-report.ts'
import type { ReportedHost } from '../report/html/report-facts.ts'
import { type DoctorReading, examineFacts, readDoctorFacts } from './doctor-facts.ts'
import { noteHidden } from './facts.ts'
import { readNumber } from './option-values.ts'
import { programVersion } from './version.ts'

/** Journeys that are predicted, unless told otherwise: a page of some hundred kilobytes. */
const JOURNEYS = 200

/** `report`: everything about this host, or about saved ones, in one HTML file. */
export async function report(context: Context): Promise<number> {
  const { options, output } = context
  const file = options.text('html')
  if (file === undefined) throw new TsnetError('usage', 'report: no format given', { hint: 'report --html FILE' })
  const most = readNumber(options, 'journeys', { min: 0, max: 5000 }) ?? JOURNEYS
  const facts = await readDoctorFacts(context)
  const selectors = options.list('netns')
  const hosts = facts.snapshots.map((snapshot) => ({ snapshot, namespaces: chosenFrom(snapshot, selectors) }))
  const { journeys, left } = journeysOf(facts, hosts, most)
  const page = htmlReport({
    hosts,
    examination: examineFacts(context, facts),
    journeys,
    journeysLeft: left,
    version: programVersion(),
  })
  if (file === '-') output.write(page)
  else writeWhole(file, page)
  for (const { snapshot } of hosts) noteHidden(context, snapshot.hidden)
  return 0
}

function chosenFrom(snapshot: HostSnapshot, selectors: readonly string[]): readonly Namespace[] {
  if (selectors.length === 0) return snapshot.namespaces
  const chosen = new Set(selectors.map((selector) => selectNamespace(snapshot, selector)))
  return snapshot.namespaces.filter((namespace) => chosen.has(namespace))
}

interface Predicted {
  readonly journeys: readonly Journey[]
  readonly left: number
}

/** Those that start in a namespace that is shown, or pass one. */
function journeysOf(
  { snapshots, connections }: DoctorReading,
  hosts: readonly ReportedHost[],
  most: number,
): Predicted {
  const world = new World({ snapshots, ...(connections === undefined ? {} : { connections }) })
  const { flows, left } = askedFlows(new HostMap(world), most)
  const shown = new Set(hosts.flatMap(({ namespaces }, host) => namespaces.map(({ inode }) => `${host}:${inode}`)))
  const passes = (journey: Journey): boolean =>
    legsOf(journey).some(({ hops }) => hops.some(({ host = 0, namespace }) => shown.has(`${host}:${namespace}`)))
  return { journeys: flows.map((flow) => predict(world, flow)).filter(passes), left }
}

/**
 * The file is there as a whole or not at all. Addresses and names of a whole network: nobody else needs to read them.
 * What is no plain file (a terminal, a pipe) is written to as it is.
 */
function writeWhole(file: string, text: string): void {
  const draft = isPlain(file) ? `${file}.${randomBytes(6).toString('hex')}.part` : file
  try {
    writeFileSync(draft, text, { mode: 0o600 })
    if (draft !== file) renameSync(draft, file)
  } catch (cause) {
    if (draft !== file) rmSync(draft, { force: true })
    throw new TsnetError('input', `write ${file}: ${messageOf(cause)}`, { cause })
  }
}

function isPlain(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() ?? true
}
