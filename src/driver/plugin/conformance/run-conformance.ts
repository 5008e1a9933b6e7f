import { TsnetError } from '../../../errors.ts'
import { findPlugin } from '../discovery.ts'
import { wireManifest } from '../wire.ts'
import { type CheckResult, Findings } from './check.ts'
import type { Scenario, ScenarioDriver } from './scenario.ts'
import { ACTIVATION } from './scenarios/activation.ts'
import { CAPABILITIES } from './scenarios/capabilities.ts'
import { CONTAINER } from './scenarios/container.ts'
import { ENGINE_RESTART } from './scenarios/engine-restart.ts'
import { IPAM_CAPABILITIES } from './scenarios/ipam-capabilities.ts'
import { IPAM_EXHAUSTION } from './scenarios/ipam-exhaustion.ts'
import { IPAM_NETWORK } from './scenarios/ipam-network.ts'
import { IPAM_POOLS } from './scenarios/ipam-pools.ts'
import { IPAM_RESTART } from './scenarios/ipam-restart.ts'
import { IPV6 } from './scenarios/ipv6.ts'
import { MALFORMED_IPAM, MALFORMED_NETWORK } from './scenarios/malformed.ts'
import { REPEATS } from './scenarios/repeats.ts'
import { STRANGERS } from './scenarios/strangers.ts'
import { type Oddity, Subject, type SubjectOptions } from './subject.ts'

/** In the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  ACTIVATION,
  CAPABILITIES,
  CONTAINER,
  IPV6,
  REPEATS,
  STRANGERS,
  MALFORMED_NETWORK,
  ENGINE_RESTART,
  IPAM_CAPABILITIES,
  IPAM_NETWORK,
  IPAM_POOLS,
  IPAM_EXHAUSTION,
  IPAM_RESTART,
  MALFORMED_IPAM,
]

export interface ConformanceOptions extends SubjectOptions {
  readonly drivers: 'network' | 'ipam' | 'both'
  /** Told as each scenario ends. */
  readonly onResults?: (results: readonly CheckResult[]) => void
}

/**
 * Says to a plugin what an engine says, good and bad, and reports what it gets wrong. What it makes, it takes away
 * again; its subnets are of 198.18.0.0/16 and fd74:736e:6574::/48.
 *
 * @param plugin name, path of a socket, or URL
 * @throws TsnetError `failed` when there is no such plugin
 */
export async function runConformance(plugin: string, options: ConformanceOptions): Promise<CheckResult[]> {
  const address = findPlugin(plugin)
  if (address === undefined) throw new TsnetError('failed', `plugin ${plugin}: not found`)
  const subject = new Subject(address, options)
  const manifest = await subject.call('Plugin.Activate', wireManifest)
  if (manifest.kind === 'unreachable') throw new TsnetError('failed', `plugin ${plugin}: ${manifest.text}`)
  const drivers = new Set<ScenarioDriver>(['plugin'])
  const kinds = manifest.kind === 'success' ? manifest.value.Implements : []
  if (options.drivers !== 'ipam' && kinds.includes('NetworkDriver')) drivers.add('network')
  if (options.drivers !== 'network' && kinds.includes('IpamDriver')) drivers.add('ipam')
  if (kinds.length > 0 && options.drivers !== 'both' && drivers.size === 1) {
    throw new TsnetError(
      'failed',
      `plugin ${plugin}: it implements ${kinds.join(', ')}, and no ${options.drivers} driver`,
    )
  }
  const results: CheckResult[] = []
  const report = (found: readonly CheckResult[]) => {
    results.push(...found)
    options.onResults?.(found)
  }
  for (const scenario of SCENARIOS) {
    if (drivers.has(scenario.driver)) report(await scenario.run(subject))
  }
  report(everyAnswer(subject))
  return results
}

/** What holds for every answer, whatever it was about. */
function everyAnswer(subject: Subject): CheckResult[] {
  const findings = new Findings('every-answer', {
    'in-time': [
      `it comes within ${subject.options.deadlineMs} ms`,
      'an engine has no deadline: it waits for ever with its locks held, and "docker ps" and its own start wait too',
    ],
    decodes: [
      'it is one JSON document whose fields are of their types',
      'the call fails, and nothing is rolled back before 28.0',
    ],
    'error-field': [
      'an error comes with another status than 200, or in the field that is read: Err of NetworkDriver, Error of IpamDriver',
      'the error is taken for success',
    ],
    'known-fields': ['it has no field that engines do not read', 'what it says there is lost'],
  })
  const told = (oddities: readonly Oddity[]) => {
    const lines = oddities.map(({ method, text }) => `${method}: ${text}`)
    return [...new Set(lines)].slice(0, 5).join('; ')
  }
  findings.that('in-time', subject.silences.length === 0, told(subject.silences))
  findings.that('decodes', subject.nonsense.length === 0, told(subject.nonsense))
  findings.that('error-field', subject.hiddenErrors.length === 0, told(subject.hiddenErrors))
  if (subject.unknownFields.length > 0) findings.warn('known-fields', told(subject.unknownFields))
  else findings.pass('known-fields')
  return findings.results('')
}
