import { NetworkHost } from '../../driver/network-host.ts'
import { messageOf, TsnetError } from '../../errors.ts'
import { readResolvConf } from '../../kernel/resolv-conf.ts'
import { namespacePath } from '../build/lab-paths.ts'
import type { ResolvedCheck } from '../resolve/lab-object.ts'
import type { DnsExpectation } from '../topology/topology.ts'
import { resolveName } from '../workloads/resolve-name.ts'
import { isExpected, type Outcome } from './outcome.ts'
import { contentProblem, tryCommand, tryHttp } from './try-content.ts'
import { dnsProblem } from './try-dns.ts'
import { tryPing, tryTcp, tryUdp } from './try-socket.ts'

/** What became of one check. */
export interface CheckResult {
  readonly name: string
  readonly from: string
  /** `untested` = it could not be tried: a privilege or a program is missing. */
  readonly result: 'passed' | 'failed' | 'untested'
  /** Why it did not pass. */
  readonly detail?: string
}

/**
 * Tries in a lab that is up whether it does what it is to show, one check after the other: some change what others
 * see.
 *
 * @param tell told of each result as it comes
 */
export async function runChecks(
  lab: string,
  checks: readonly ResolvedCheck[],
  tell: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const check of checks) {
    const result = await runCheck(lab, check)
    tell(result)
    results.push(result)
  }
  return results
}

async function runCheck(lab: string, check: ResolvedCheck): Promise<CheckResult> {
  const { name, from } = check
  try {
    const host = NetworkHost.open(namespacePath(lab, from))
    try {
      const detail = await problemOf(host, check, basePath(lab, from))
      return detail === undefined ? { name, from, result: 'passed' } : { name, from, result: 'failed', detail }
    } finally {
      host.close()
    }
  } catch (error) {
    const untested = error instanceof TsnetError && (error.code === 'privilege' || error.code === 'unsupported')
    return { name, from, result: untested ? 'untested' : 'failed', detail: messageOf(error) }
  }
}

/** Name of the namespace, by which its resolv.conf is found. */
function basePath(lab: string, from: string): string {
  return `tsnet:${lab}:${from}`
}

/** Why a check does not pass; undefined = it does. */
async function problemOf(
  host: NetworkHost,
  { probe, timeoutMs }: ResolvedCheck,
  namespace: string,
): Promise<string | undefined> {
  switch (probe.kind) {
    case 'http':
      return contentProblem(tryHttp(host, probe.url, timeoutMs), probe.expect)
    case 'command':
      return contentProblem(tryCommand(host, probe.command, timeoutMs), probe.expect)
    case 'dns': {
      const [server] = readResolvConf([namespace], [])?.servers ?? []
      if (server === undefined) return NOTHING.includes(probe.expect) ? undefined : 'it has no name server'
      return dnsProblem(host, { ...probe, server, timeoutMs }, probe.expect)
    }
    case 'ping':
      return outcomeProblem(probe.expect, await tryPing(host, await addressOf(host, probe.host), timeoutMs))
    case 'tcp':
      return outcomeProblem(probe.expect, await tryTcp(host, await endOf(host, probe), timeoutMs))
    case 'udp':
      return outcomeProblem(probe.expect, await tryUdp(host, await endOf(host, probe), timeoutMs))
  }
}

const NOTHING: readonly unknown[] = ['timeout', 'unknown'] satisfies readonly DnsExpectation[]

async function addressOf(from: NetworkHost, host: string): Promise<string> {
  return (await resolveName(from, host))[0] ?? host
}

async function endOf(from: NetworkHost, { host, port }: { readonly host: string; readonly port: number }) {
  return { address: await addressOf(from, host), port }
}

function outcomeProblem(expected: string, { word, detail }: Outcome): string | undefined {
  return isExpected(word, expected) ? undefined : `${word} instead of ${expected}: ${detail}`
}
