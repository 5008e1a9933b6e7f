import type { Failed, HttpFetched } from '../../model/measurement.ts'
import { formatBytes, formatEndpoint } from '../format.ts'
import { sanitise } from '../sanitise.ts'
import { formatMs } from './rate.ts'

/**
 * ```
 * 200 from 10.0.0.2:8500   12 B
 * dns 1.2 ms  connect 0.08 ms  tls 3.1 ms  first byte 0.9 ms  body 0.1 ms  total 5.4 ms
 * TLSv1.3 TLS_AES_256_GCM_SHA384   db.example of Example CA   expires 2027-01-31 (66 days)
 * ```
 */
export function httpLines(result: HttpFetched | Failed): string[] {
  if (!result.ok) return [sanitise(`✖ ${result.detail}`)]
  const { status, address, port, bodyBytes, timings, tls } = result
  const { dnsMs, connectMs, tlsMs, firstByteMs, bodyMs, totalMs } = timings
  const steps = [
    ...(dnsMs === undefined ? [] : [`dns ${formatMs(dnsMs)}`]),
    `connect ${formatMs(connectMs)}`,
    ...(tlsMs === undefined ? [] : [`tls ${formatMs(tlsMs)}`]),
    `first byte ${formatMs(firstByteMs)}`,
    `body ${formatMs(bodyMs)}`,
    `total ${formatMs(totalMs)}`,
  ]
  const secure =
    tls === undefined
      ? []
      : [
          `${tls.protocol} ${tls.cipher}   ${tls.subject} of ${tls.issuer}   expires ${tls.expiresAt.slice(0, 10)} (${tls.expiresInDays} days)`,
          ...(tls.isTrusted ? [] : [`▲ not trusted: ${tls.distrust ?? 'unknown'}`]),
        ]
  return [
    `${status} from ${formatEndpoint(address, port)}   ${formatBytes(bodyBytes)}`,
    steps.join('  '),
    ...secure,
  ].map((line) => sanitise(line))
}
