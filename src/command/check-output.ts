import { writeFileSync } from 'node:fs'
import type { Context } from '../command.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { type CheckReport, type CheckResult, checkStatus } from '../model/check.ts'
import { didYouMean } from '../model/nearest.ts'
import { CHECK_FORMATS, type CheckFormat, formatCheckReport } from '../report/check-formats.ts'
import { nagiosStatus } from '../report/check-nagios.ts'
import { checkLines, checkSummary } from '../report/check-text.ts'

interface Target {
  readonly format: CheckFormat
  /** Absent: stdout. */
  readonly file?: string
}

/** Where results go, and in which forms. */
export class CheckOutput {
  readonly #context: Context
  readonly #targets: readonly Target[]

  /** @throws TsnetError `usage` when two forms are for stdout, or there is no such form */
  constructor(context: Context) {
    this.#context = context
    const targets = context.options.list('format').map(targetOf)
    if (context.options.has('json')) targets.push({ format: 'json' })
    const onStdout = targets.filter(({ file }) => file === undefined)
    if (onStdout.length > 1) {
      const names = onStdout.map(({ format }) => format).join(' and ')
      throw new TsnetError('usage', `check: ${names} cannot both go to stdout`, { hint: 'Write --format FORMAT=FILE' })
    }
    this.#targets = onStdout.length > 0 || targets.length > 0 ? targets : [{ format: 'text' }]
  }

  get #stdout(): CheckFormat | undefined {
    return this.#targets.find(({ file }) => file === undefined)?.format
  }

  /** For people, as soon as it is known. */
  readonly tell = (result: CheckResult): void => {
    const { options, output } = this.#context
    if (this.#stdout !== 'text' || (options.has('quiet') && result.verdict === 'passed')) return
    output.write(`${checkLines(result, { colour: output.terminal.colour }).join('\n')}\n`)
  }

  /**
   * All the rest, when everything is known.
   *
   * @param isNews false: people have been told the same before
   * @throws TsnetError `input` when a file cannot be written
   */
  write(report: CheckReport, { isNews }: { readonly isNews: boolean }): void {
    const { output } = this.#context
    for (const { format, file } of this.#targets) {
      if (file !== undefined) writeFile(file, formatCheckReport(format, report))
      else if (format !== 'text') output.write(formatCheckReport(format, report))
      else if (isNews) output.write(`${checkSummary(report)}\n`)
    }
  }

  /** That of the program, or of a Nagios plugin when that is what reads it. */
  statusOf(report: CheckReport): number {
    return this.#stdout === 'nagios' ? nagiosStatus(report) : checkStatus(report.results)
  }
}

function targetOf(text: string): Target {
  const at = text.indexOf('=')
  const [name, file] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
  const format = CHECK_FORMATS.find((each) => each === name)
  if (format === undefined) {
    throw new TsnetError('usage', `check: no such format: ${name}${didYouMean(name, CHECK_FORMATS)}`, {
      hint: `Formats: ${CHECK_FORMATS.join(' ')}`,
    })
  }
  return file === undefined || file === '-' ? { format } : { format, file }
}

function writeFile(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new TsnetError('input', `write ${file}: ${messageOf(cause)}`, { cause })
  }
}
