import { startJourneys } from './journeys.js'
import { startPicture } from './picture.js'
import { byId, changeKind, data, setSearch, showNamespace, showRow, startTables } from './tables.js'

/** `#ns-3`, `#owner-docker`, `#routes-17`: what a link in the page leads to. */
function followHash() {
  const [, kind = '', rest = ''] = /^#([a-z]+)-([\w-]+)$/.exec(location.hash) ?? []
  if (kind === 'ns' && /^\d+$/.test(rest)) {
    setSearch('')
    showNamespace(Number(rest))
    byId('tables').scrollIntoView()
  } else if (kind === 'owner') {
    changeKind('ns')
    showNamespace(-1)
    setSearch(rest)
    byId('tables').scrollIntoView()
  } else if (data.tables.some((table) => table.kind === kind && Number(rest) < table.rows.length)) {
    showRow(kind, Number(rest))
  }
}

startTables()
for (const picture of document.querySelectorAll('.picture')) startPicture(/** @type {HTMLElement} */ (picture))
startJourneys()
addEventListener('hashchange', followHash)
// a second click on the same link leads there again
addEventListener('click', ({ target }) => {
  const link = target instanceof Element ? target.closest('a') : null
  if (link !== null && link.getAttribute('href') === location.hash) followHash()
})
followHash()
