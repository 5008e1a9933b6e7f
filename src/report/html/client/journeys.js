import { lightBoxes } from './picture.js'
import { byId, data, selectById } from './tables.js'

/** @typedef {import('../report-data.ts').ReportJourney} ReportJourney */

/** @param {ReportJourney} journey */
function journeyMark({ verdict, isAnswered }) {
  if (verdict === 'depends' || verdict === 'unknown') return '▲'
  return isAnswered ? '●' : '✖'
}

/** Journeys of one namespace, the most interesting first. @param {number} from */
function journeysFrom(from) {
  const rank = (/** @type {ReportJourney} */ journey) => '✖▲●'.indexOf(journeyMark(journey))
  return data.journeys.filter((journey) => journey.from === from).sort((a, b) => rank(a) - rank(b))
}

export function startJourneys() {
  const from = selectById('journey-from')
  const to = selectById('journey-to')
  const sources = [...new Set(data.journeys.map((journey) => journey.from))].sort((a, b) => a - b)
  if (sources.length === 0) return byId('journeys').remove()
  for (const source of sources) {
    const isTroubled = journeysFrom(source).some((journey) => journeyMark(journey) === '✖')
    from.append(new Option(`${isTroubled ? '✖ ' : ''}${data.namespaces[source]?.name ?? ''}`, String(source)))
  }
  const show = () => {
    const journey = data.journeys[Number(to.value)]
    byId('journey').textContent = journey?.lines.join('\n') ?? ''
    return journey
  }
  const list = () => {
    const options = journeysFrom(Number(from.value)).map(
      (journey) => new Option(`${journeyMark(journey)} ${journey.to}`, String(data.journeys.indexOf(journey))),
    )
    to.replaceChildren(...options)
    return show()
  }
  // nothing is lit before somebody asks
  from.addEventListener('change', () => lightBoxes(list()?.through ?? []))
  to.addEventListener('change', () => lightBoxes(show()?.through ?? []))
  list()
}
