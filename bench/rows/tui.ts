import { writeFile } from 'node:fs/promises'
import type { BenchContext, Benchmark } from '../context.ts'
import { growLab } from '../lab.ts'
import { execute, median } from '../measure.ts'
import { openTerminal, processorSeconds, residentBytes, type Terminal } from '../pty.ts'
import type { Row } from '../row.ts'

const SIZE = { rows: 40, columns: 120 }
const FDB_ROWS = 10_000
const KEYS = 30
const IDLE_SECONDS = 10
const MEBIBYTE = 1 << 20
/** In the header of the first frame. */
const FIRST_WORD = 'tsnet-bench'

/** The screen on a terminal of its own, on a host of 200 namespaces. */
export const TUI: Benchmark = {
  name: 'tui',
  run: async (context) => {
    await growLab(context, 200)
    await addForwardingEntries()
    context.say('the screen')
    const first = await firstFrames(context)
    const terminal = openTerminal([process.execPath, context.program], SIZE)
    try {
      await terminal.untilText(FIRST_WORD)
      await terminal.settle(500)
      const idle = await idleShare(terminal)
      const key = await keyTimes(terminal)
      const memory = residentBytes(terminal.pid()) / MEBIBYTE
      return [
        quantity('TUI, 200 namespaces: first frame', first, { unit: 'ms', atMost: 300 }),
        quantity(`TUI: key to frame with ${FDB_ROWS} rows`, key, { unit: 'ms', atMost: 50 }),
        quantity('TUI: processor while idle', idle, { unit: '%', atMost: 1 }),
        quantity('TUI: memory', memory, { unit: 'MB', atMost: 200 }),
      ]
    } finally {
      await terminal.close()
      await execute('ip', ['link', 'delete', 'vxbench'])
    }
  },
}

function quantity(name: string, figure: number, { unit, atMost }: { unit: string; atMost: number }): Row {
  return { name, ours: `${figure.toPrecision(3)} ${unit}`, figure, unit, budget: { atMost } }
}

async function addForwardingEntries(): Promise<void> {
  const lines = Array.from({ length: FDB_ROWS }, (_, number) => {
    const tail = [number >> 8, number & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':')
    return `fdb append 02:aa:00:00:${tail} dev vxbench dst 192.0.2.${1 + (number % 250)} self permanent`
  })
  await execute('ip', ['link', 'add', 'vxbench', 'type', 'vxlan', 'id', '7', 'dstport', '4789', 'local', '127.0.0.1'])
  await writeFile('/run/bench-fdb', `${lines.join('\n')}\n`)
  await execute('bridge', ['-batch', '/run/bench-fdb'])
}

async function firstFrames(context: BenchContext): Promise<number> {
  const times: number[] = []
  for (let round = 0; round <= context.rounds; round++) {
    const terminal = openTerminal([process.execPath, context.program], SIZE)
    const time = await terminal.untilText(FIRST_WORD)
    if (round > 0) times.push(time)
    await terminal.close()
  }
  return median(times)
}

/** Per cent of one processor. */
async function idleShare(terminal: Terminal): Promise<number> {
  const pid = terminal.pid()
  // what the start still has to do, and V8 to compile, is not idleness
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000))
  const before = processorSeconds(pid)
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000))
  return ((processorSeconds(pid) - before) / IDLE_SECONDS) * 100
}

async function keyTimes(terminal: Terminal): Promise<number> {
  terminal.type(':fdb\r')
  await terminal.untilText('[5 fdb]')
  // the links of the namespaces come first
  terminal.type('/vxbench\r')
  await terminal.untilText('192.0.2.')
  const times: number[] = []
  for (let number = 0; number < KEYS; number++) {
    await terminal.settle(150)
    times.push(await terminal.untilOutput('j'))
  }
  return median(times)
}
