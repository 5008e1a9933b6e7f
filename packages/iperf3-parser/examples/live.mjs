// iperf3 -c HOST --json-stream | node examples/live.mjs        (iperf3 3.17 or later)
import { StreamParser } from 'iperf3-parser'

const parser = new StreamParser()
for await (const chunk of process.stdin) {
  for (const event of parser.push(chunk)) {
    if (event.event === 'interval') console.log(event.interval.sum?.bitsPerSecond, 'bit/s')
    if (event.event === 'error') console.log('iperf3 says:', event.error)
  }
}
const result = parser.finish()
if (result.ok && !result.isComplete) console.log('the stream was cut off')
