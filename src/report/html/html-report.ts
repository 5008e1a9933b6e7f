import { createHash } from 'node:crypto'
import { buildTopology, type TopologyNode } from '../../model/topology.ts'
import { collapseTopology } from '../../model/topology-collapse.ts'
import { type BoxLink, topologySvg } from '../topo-svg.ts'
import SCRIPT from './client/start.js?text'
import STYLE from './client/style.css?text'
import { escapeHtml, scriptJson } from './escape.ts'
import { findingSection } from './finding-section.ts'
import { ReportIndex } from './report-data.ts'
import type { ReportedHost, ReportFacts } from './report-facts.ts'

/**
 * One page that needs nothing but itself: the wiring as a picture, what is wrong, journeys, and all tables. Its own
 * style and script are the only ones that it lets a browser use, and it lets it ask nobody for anything
 * (Content Security Policy level 3). What names say is text in it, whatever they say.
 */
export function htmlReport(facts: ReportFacts): string {
  const index = new ReportIndex(facts)
  const title = facts.hosts.map(({ snapshot }) => snapshot.hostname).join(', ')
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy()}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(title)} – tsnet-shoot</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    header(facts),
    '<main>',
    findingSection(facts.examination, index),
    pictures(facts, index),
    journeySection(facts),
    TABLE_SECTION,
    '</main>',
    `<script type="application/json" id="data">${scriptJson(index.data)}</script>`,
    `<script>${SCRIPT}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function policy(): string {
  const allowed = { 'default-src': "'none'", 'base-uri': "'none'", 'form-action': "'none'" }
  const own = { 'style-src': `'${hashOf(STYLE)}'`, 'script-src': `'${hashOf(SCRIPT)}'` }
  return Object.entries({ ...allowed, ...own })
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function header({ hosts, version }: ReportFacts): string {
  const lines = hosts.map(({ snapshot: { hostname, kernel, takenAt }, namespaces }) => {
    const count = `${namespaces.length} ${namespaces.length === 1 ? 'namespace' : 'namespaces'}`
    return `<p><strong>${escapeHtml(hostname)}</strong> <span class="quiet">Linux ${escapeHtml(kernel)}, ${count}, seen ${escapeHtml(takenAt)}</span></p>`
  })
  return [
    '<header>',
    `<h1>tsnet-shoot <span class="quiet">${escapeHtml(version)}</span></h1>`,
    ...lines,
    '<nav aria-label="Parts of this page"><a href="#findings">Findings</a> <a href="#picture">Picture</a> <a href="#journeys">Journeys</a> <a href="#tables">Tables</a></nav>',
    '<noscript><p>The picture and the findings are all that shows without JavaScript.</p></noscript>',
    '</header>',
  ].join('\n')
}

const PICTURE_HELP = 'Drag to move, ctrl and wheel or + and − to zoom; a box leads to its tables.'

function pictures({ hosts }: ReportFacts, index: ReportIndex): string {
  const drawings = hosts.map((host, position) => onePicture(host, position, index))
  return `<section id="picture"><h2>Picture</h2><p class="quiet">${PICTURE_HELP}</p>\n${drawings.join('\n')}</section>`
}

function onePicture({ snapshot, namespaces }: ReportedHost, host: number, index: ReportIndex): string {
  const linkOf = (node: TopologyNode): BoxLink => {
    const number = index.numberOf(host, node.inode)
    if (number === undefined) return { href: `#owner-${node.owner}` }
    return { href: `#ns-${number}`, className: index.data.namespaces[number]?.worst ?? '' }
  }
  const svg = topologySvg(collapseTopology(buildTopology(snapshot, namespaces)), linkOf)
  return [
    '<div class="picture">',
    '<div class="tools"><button type="button" data-do="in" aria-label="zoom in">+</button><button type="button" data-do="out" aria-label="zoom out">−</button><button type="button" data-do="all">all</button></div>',
    `<div class="view" tabindex="0" role="group" aria-label="wiring of ${escapeHtml(snapshot.hostname)}">${svg}</div>`,
    '</div>',
  ].join('')
}

function journeySection({ journeys, journeysLeft }: ReportFacts): string {
  const left = journeysLeft === 0 ? '' : `; ${journeysLeft} more pairs are left out`
  return [
    '<section id="journeys"><h2>Journeys</h2>',
    `<p class="quiet">Predicted from the facts; nothing was sent. ${journeys.length} pairs${left}.</p>`,
    '<p><label>from <select id="journey-from"></select></label> <label>to <select id="journey-to"></select></label></p>',
    '<pre id="journey" tabindex="0" aria-live="polite"></pre>',
    '</section>',
  ].join('\n')
}

const TABLE_SECTION = [
  '<section id="tables"><h2>Tables</h2>',
  '<p class="tools"><label>search <input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="every word, in any column"></label>',
  '<label>namespace <select id="namespace"></select></label>',
  '<label><input id="wide" type="checkbox"> all columns</label></p>',
  '<div id="kinds" role="tablist" aria-label="tables"></div>',
  '<div id="table" role="tabpanel" tabindex="0"></div>',
  '</section>',
].join('\n')
