// iperf3 -c HOST -J | node examples/summarise.mjs
import { readFileSync } from 'node:fs'
import { parseIperf3, summarise } from 'iperf3-parser'

const result = parseIperf3(readFileSync(0, 'utf8'))
if (!result.ok) console.log(`no report: ${result.message}`)
else if (result.report.error) console.log(`iperf3 says: ${result.report.error}`)
else {
  const { forward, clientCpuPercent } = summarise(result.report)
  console.log(`${((forward?.bitsPerSecond ?? 0) / 1e9).toFixed(2)} Gbit/s, ${forward?.retransmits ?? 0} retransmits`)
  console.log(`client ${clientCpuPercent?.toFixed(0)} % CPU`)
  if (!result.isComplete) console.log('it was cut off: these are the intervals that came')
}
