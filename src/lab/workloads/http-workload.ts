import type { IncomingMessage } from 'node:http'
import { peerOf, serveHttp } from './http-service.ts'
import { ownAddresses } from './own-addresses.ts'
import { type Page, renderPage } from './page.ts'
import type { StartWorkload, WorkloadContext } from './running-workload.ts'

const PORT = 80

/** A page that tells who serves it and who was seen asking, which is what one wants to know behind NAT. */
export const startHttp: StartWorkload = (context) =>
  serveHttp(context, context.port ?? PORT, async (request) => renderPage(page(context, request), request))

function page({ name, sandbox }: WorkloadContext, request: IncomingMessage): Page {
  const forwarded = Object.entries(request.headers).filter(([header]) =>
    /^(x-forwarded-|forwarded$|x-real-ip$)/.test(header),
  )
  return {
    title: name,
    rows: [
      ['address', ownAddresses(sandbox).join(', ')],
      ['client', peerOf(request)],
      ['host', request.headers.host ?? ''],
      ['request', `${request.method} ${request.url}`],
      ...forwarded.map(([header, value]): [string, string] => [header, String(value)]),
    ],
  }
}
