/** @typedef {{ x: number, y: number, width: number, height: number }} Area */

const STEP = 1.3
const MOST_ZOOM = 12
/** Pixels that a pointer moves before it is no click any more. */
const STILL = 4

/** Boxes of these namespaces, and no others, are lit. @param {readonly number[]} numbers */
export function lightBoxes(numbers) {
  for (const box of document.querySelectorAll('.view .box')) {
    const [, number = ''] = /^#ns-(\d+)$/.exec(box.getAttribute('href') ?? '') ?? []
    box.classList.toggle('on', number !== '' && numbers.includes(Number(number)))
  }
}

/** What a box is wired to stands out while the pointer or the focus is on it. @param {SVGSVGElement} svg */
function showNeighbours(svg) {
  const mark = (/** @type {string | undefined} */ name) => {
    const near = new Set()
    for (const line of svg.querySelectorAll('.line')) {
      const ends = [line.getAttribute('data-a'), line.getAttribute('data-b')]
      const isNear = name !== undefined && ends.includes(name)
      line.classList.toggle('near', isNear)
      if (isNear) for (const end of ends) near.add(end)
    }
    for (const box of svg.querySelectorAll('.box')) {
      const own = box.getAttribute('data-box')
      box.classList.toggle('near', own !== name && near.has(own))
    }
  }
  for (const box of svg.querySelectorAll('.box')) {
    const name = box.getAttribute('data-box') ?? undefined
    for (const event of ['pointerenter', 'focus']) box.addEventListener(event, () => mark(name))
    for (const event of ['pointerleave', 'blur']) box.addEventListener(event, () => mark(undefined))
  }
}

/** @param {HTMLElement} picture */
export function startPicture(picture) {
  const svg = picture.querySelector('svg')
  const view = /** @type {HTMLElement | null} */ (picture.querySelector('.view'))
  if (svg === null || view === null) return
  const { x, y, width, height } = svg.viewBox.baseVal
  const whole = { x, y, width: Math.max(width, 1), height: Math.max(height, 1) }
  let area = whole
  const show = (/** @type {Area} */ next) => {
    area = next
    svg.setAttribute('viewBox', `${next.x} ${next.y} ${next.width} ${next.height}`)
  }
  /** Units of the picture for a pixel of the screen. */
  const scale = () => Math.max(area.width / view.clientWidth, area.height / view.clientHeight)
  const move = (/** @type {number} */ right, /** @type {number} */ down) =>
    show({ ...area, x: area.x + right * scale(), y: area.y + down * scale() })
  const zoom = (/** @type {number} */ factor, atX = 0.5, atY = 0.5) => {
    const to = Math.min(2, Math.max(1 / MOST_ZOOM, (area.width / whole.width) * factor))
    const [wide, high] = [whole.width * to, whole.height * to]
    show({ x: area.x + (area.width - wide) * atX, y: area.y + (area.height - high) * atY, width: wide, height: high })
  }
  const actions = { in: () => zoom(1 / STEP), out: () => zoom(STEP), all: () => show(whole) }
  for (const button of picture.querySelectorAll('button')) {
    button.addEventListener('click', () => actions[/** @type {'in'} */ (button.dataset['do'])]())
  }
  view.addEventListener('keydown', (event) => pressKey(event, { ...actions, move }))
  view.addEventListener(
    'wheel',
    (event) => {
      // without it the page is scrolled, unless the person works in the picture
      if (!event.ctrlKey && !view.contains(document.activeElement)) return
      event.preventDefault()
      const place = svg.getBoundingClientRect()
      const [atX, atY] = [(event.clientX - place.x) / place.width, (event.clientY - place.y) / place.height]
      zoom(event.deltaY < 0 ? 1 / STEP : STEP, atX, atY)
    },
    { passive: false },
  )
  startDrag(view, move)
  showNeighbours(svg)
}

/**
 * @param {KeyboardEvent} event
 * @param {{ in(): void, out(): void, all(): void, move(right: number, down: number): void }} actions
 */
function pressKey(event, actions) {
  const far = 60
  /** @type {Map<string, () => void>} */
  const keys = new Map([
    ['+', actions.in],
    ['=', actions.in],
    ['-', actions.out],
    ['0', actions.all],
    ['ArrowLeft', () => actions.move(-far, 0)],
    ['ArrowRight', () => actions.move(far, 0)],
    ['ArrowUp', () => actions.move(0, -far)],
    ['ArrowDown', () => actions.move(0, far)],
  ])
  const action = keys.get(event.key)
  if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  action()
}

/** @param {HTMLElement} view @param {(right: number, down: number) => void} move */
function startDrag(view, move) {
  let moved = 0
  let isDown = false
  view.addEventListener('pointerdown', () => {
    isDown = true
    moved = 0
  })
  view.addEventListener('pointermove', (event) => {
    if (!isDown) return
    moved += Math.abs(event.movementX) + Math.abs(event.movementY)
    move(-event.movementX, -event.movementY)
  })
  addEventListener('pointerup', () => {
    isDown = false
  })
  view.addEventListener('dragstart', (event) => event.preventDefault())
  // the end of a drag over a box is no click on it
  view.addEventListener('click', (event) => moved > STILL && event.preventDefault(), true)
}
