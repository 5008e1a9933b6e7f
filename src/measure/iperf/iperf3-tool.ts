import { TsnetError } from '../../errors.ts'
import { runTool } from '../../kernel/run.ts'

/** The iperf3 of this machine. */
export interface Iperf3Tool {
  /** `3.12` */
  readonly version: string
  /** Options that its help names: versions differ. */
  has(option: string): boolean
}

/** The first whose JSON has what is read here. */
const OLDEST = [3, 1] as const
const ASK = { deadlineMs: 5000, maxOutputBytes: 1024 * 1024, package: 'iperf3' }

let found: Promise<Iperf3Tool> | undefined

/** @throws TsnetError `unsupported` when it is not installed or too old; asked once */
export function findIperf3(): Promise<Iperf3Tool> {
  found ??= probe()
  return found
}

async function probe(): Promise<Iperf3Tool> {
  const version = versionOf((await runTool('iperf3', ['--version'], ASK)).stdout)
  const { stdout, stderr } = await runTool('iperf3', ['--help'], ASK)
  const options = new Set(`${stdout}${stderr}`.match(/--[a-z0-9-]+/g))
  return { version, has: (option) => options.has(option) }
}

/** @param text of `iperf3 --version`: `iperf 3.12 (cJSON 1.7.15)…` @throws TsnetError `unsupported` */
export function versionOf(text: string): string {
  const [, version = '', major, minor] = /^iperf ((\d+)\.(\d+)\S*)/.exec(text) ?? []
  if (version === '') {
    throw new TsnetError('unsupported', 'iperf3: it does not say which version it is', {
      hint: 'install the package iperf3',
    })
  }
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1])
  if (!isOld) return version
  throw new TsnetError('unsupported', `iperf3: version ${version} is too old`, {
    hint: `${OLDEST.join('.')} or later is needed: install a newer package iperf3`,
  })
}
