import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { serveHealth } from '../health/serve-health.ts'
import { parseInterval, runOptions } from './check.ts'
import { loadChecks, withCheckFiles } from './check-input.ts'
import { interruptible } from './lab-progress.ts'

const DEFAULT_LISTEN = '127.0.0.1:9119'
const DEFAULT_INTERVAL = '30s'

/** `check serve`: until SIGTERM. */
export function checkServe(context: Context): Promise<number> {
  return withCheckFiles(context, async () => {
    const { options, output } = context
    const checks = loadChecks(context)
    const everyMs = parseInterval('every', options.text('every') ?? DEFAULT_INTERVAL)
    const listen = parseListen(options.text('listen') ?? DEFAULT_LISTEN)
    const run = runOptions(context, checks)
    await interruptible(async (signal) => {
      const server = await serveHealth(checks, { ...run, ...listen, everyMs, signal })
      output.note(`serving http://${server.address}/healthz, /metrics and /report`)
      await server.ended
    })
    return 0
  })
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host !== '' && Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  throw new TsnetError('usage', `--listen ${text}: ADDRESS:PORT is expected`)
}
