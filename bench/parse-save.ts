import { createReadStream, readFileSync } from 'node:fs'
import { SaveParser } from '../src/kernel/firewall/save-parser.ts'

/** Run by node: parses the listing in the file named by the first argument; prints rules, milliseconds and peak memory. */
const [, , file = ''] = process.argv
const parser = new SaveParser({ backend: 'legacy', family: 'ip' })
const start = process.hrtime.bigint()
for await (const chunk of createReadStream(file, { highWaterMark: 1 << 16 })) parser.push(chunk as Buffer)
const { rules } = parser.finish()
const elapsedMs = Number(process.hrtime.bigint() - start) / 1e6
/** proc_pid_status(5): kB. */
const peakKb = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
process.stdout.write(JSON.stringify({ rules: rules.length, elapsedMs, peakBytes: peakKb * 1024 }))
