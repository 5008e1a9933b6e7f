import type { IncomingMessage } from 'node:http'
import { sanitise } from '../../report/sanitise.ts'
import type { Reply } from './http-service.ts'

/** A page of a heading and rows, for a browser as HTML and for curl as text. */
export interface Page {
  readonly status?: number
  readonly title: string
  /** Label and value. */
  readonly rows: readonly (readonly [string, string])[]
}

export function renderPage({ status = 200, title, rows }: Page, request: IncomingMessage): Reply {
  const wantsHtml = request.headers.accept?.includes('text/html') ?? false
  return wantsHtml
    ? { status, body: html(title, rows), headers: { 'content-type': 'text/html; charset=utf-8' } }
    : { status, body: [title, ...rows.map(([label, value]) => `${label}: ${sanitise(value)}`), ''].join('\n') }
}

const STYLE = 'body{font:16px sans-serif;margin:3em auto;max-width:40em}th{text-align:left;padding-right:2em}'

function html(title: string, rows: Page['rows']): string {
  const cells = rows.map(([label, value]) => `<tr><th>${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`)
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>`,
    `<body><h1>${escapeHtml(title)}</h1><table>${cells.join('')}</table></body></html>`,
    '',
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** What a client sends in its headers comes back on the page. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
}
