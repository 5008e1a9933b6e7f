import { expect, test } from 'vitest'
import type { Lab, LabDescription, LabList } from '../../src/tui/labs/lab.ts'
import { displayWidth } from '../../src/tui/text.ts'
import { HOST, namespace, sampleSnapshot, snapshotOf } from './sample.ts'
import { NARROW, openScreen, type Session, USUAL, WIDE } from './typing.ts'

const ENTER = '\r'
const DOWN = '\x1b[B'
const ESC = '\x1b'

const PETS: LabDescription = {
  description: 'The pets application on one host and one bridge network.',
  hosts: ['host-A: 192.168.0.2/24', 'client: 192.168.0.10/24'],
  networks: ['petsBridge at host-A: bridge, 172.19.0.0/24'],
  containers: ['db at host-A: petsBridge 172.19.0.2, kv', 'web at host-A: petsBridge 172.19.0.3, web'],
  checks: ['web finds db by its name'],
}

function lab(name: string, condition: Lab['condition'] = 'absent'): Lab {
  return { name, condition, builtIn: true }
}

/** A host with the lab `routers` up, looking at the labs: `none`, `pets-bridge`, `routers`. */
function openLabs({ size = WIDE, ...some }: Partial<LabList> & { readonly size?: typeof WIDE } = {}): Session {
  const nodes = ['r1', 'r2'].map((name, position) =>
    namespace(HOST + 50 + position, name, { owner: { kind: 'lab', name, lab: 'routers' }, pids: [] }),
  )
  const { namespaces } = sampleSnapshot()
  return openScreen(snapshotOf([...namespaces, ...nodes]), size)
    .type(`:lab${ENTER}`)
    .send({ type: 'labs', list: { labs: [lab('none'), lab('pets-bridge'), lab('routers', 'up')], ...some } })
    .send({ type: 'lab-description', lab: 'pets-bridge', description: PETS })
}

function progress(session: Session, done: number): Session {
  return session.send({
    type: 'lab-progress',
    lab: 'pets-bridge',
    progress: { done, total: 12, what: 'make host host-A' },
  })
}

test('a lab has its state, the number of its hosts and containers, and what it shows', () => {
  const session = openLabs()
  expect(session.line('pets-bridge')).toMatch(/pets-bridge +– +2 +2 +The pets application on one host/)
  expect(session.frame()).toMatch(/│ {2}routers +up/)
})

test('until they are read, and when they cannot be, the screen says so', () => {
  const session = openScreen(sampleSnapshot()).type(`:labs${ENTER}`)
  expect(session.frame()).toContain('Reading the labs…')
  expect(session.send({ type: 'labs', problem: 'labs: permission denied' }).frame()).toContain('permission denied')
})

test.each([
  { name: '80×24', size: USUAL },
  { name: '40 columns', size: NARROW },
])('at $name a lab and its state have room while it is built', ({ size }) => {
  const session = progress(openLabs({ size }).type(`${DOWN}u`), 3)
  expect(session.frame()).toMatch(/▸ pets-bridge +building 3\/12/)
  for (const line of session.frame().split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(size.columns)
})

test('the keys of the view stand in the line at the bottom of it, and only there', () => {
  const session = openLabs()
  expect(session.frame()).toContain('<u> build  <x> remove')
  expect(session.type(`:links${ENTER}`).frame()).not.toContain('<u> build')
  expect(session.type('u').frame()).toContain('u builds the lab of the selected row in view labs')
  expect(session.type('?G').frame()).toMatch(/in view labs: build the lab/)
})

test('enter on a lab that is up leads to its namespaces, and esc back', () => {
  const session = openLabs().type('G')
  expect(session.frame()).toContain('enter: to its 2 namespaces')
  session.type(ENTER)
  expect(session.frame()).toMatch(/▸▾ lab · routers/)
  expect(session.frame()).toMatch(/● r1[\s\S]*● r2/)
  session.type(ENTER)
  expect(session.state.place).toMatchObject({ scope: HOST + 50, view: 'summary' })
  expect(session.type(`${ESC}${ESC}`).state.place.view).toBe('labs')
  expect(session.frame()).toMatch(/▸ routers/)
})

test('enter on a lab that is down describes it, a line each', () => {
  const frame = openLabs().type(`${DOWN}${ENTER}`).frame()
  expect(frame).toContain('describe · labs · pets-bridge')
  expect(frame).toMatch(/containers +db at host-A: petsBridge 172\.19\.0\.2, kv\n +web at host-A/)
  expect(frame).toContain('web finds db by its name')
})

test('u builds: its steps are in the row and the status line, and it says when it is up', () => {
  const session = openLabs().type(`${DOWN}u`)
  expect(session.effects).toEqual([{ type: 'lab', kind: 'build', lab: 'pets-bridge' }])
  expect(session.line('▸ pets-bridge')).toContain('building…')
  progress(session, 3)
  expect(session.frame()).toContain('◐ esc takes it back · make host host-A')
  session.type(`:links${ENTER}`)
  expect(session.frame()).toContain('◐ pets-bridge: building 3/12 · make host host-A')
  session.send({ type: 'labs', list: { labs: [lab('pets-bridge', 'up')] } })
  session.send({ type: 'lab-end', lab: 'pets-bridge' })
  expect(session.frame()).toContain('pets-bridge is up')
  expect(session.frame()).not.toContain('◐')
})

test('esc gives up on a build: what is built is taken back', () => {
  const session = progress(openLabs().type(`${DOWN}u`), 3).type(ESC)
  expect(session.effects.at(-1)).toEqual({ type: 'stop-lab', lab: 'pets-bridge' })
  expect(session.frame()).toContain('pets-bridge: stopped; what is built of it is taken back')
  expect(session.line('▸ pets-bridge')).toContain('taking back…')
  session.send({ type: 'lab-end', lab: 'pets-bridge', problem: 'lab pets-bridge: interrupted' })
  expect(session.frame()).toContain('pets-bridge: stopped, and what was built of it is taken back')
  expect(session.state.place.view).toBe('labs')
})

test('a build that fails says why in one line', () => {
  const problem = 'lab pets-bridge: this kernel lacks netem — modprobe -a sch_netem'
  const session = openLabs().type(`${DOWN}u`).send({ type: 'lab-end', lab: 'pets-bridge', problem })
  expect(session.frame()).toContain(problem)
})

test('x removes only after a yes', () => {
  const session = openLabs().type('Gx')
  expect(session.frame()).toContain('remove lab routers, and end what runs in it?')
  expect(session.type('n').effects).toEqual([])
  expect(session.frame()).toContain('nothing was done')
  session.type('xy')
  expect(session.effects).toEqual([{ type: 'lab', kind: 'remove', lab: 'routers' }])
  expect(session.line('▸ routers')).toContain('going down…')
  expect(session.type('x').frame()).toContain('routers is going down')
  session.send({ type: 'lab-end', lab: 'routers' })
  expect(session.frame()).toContain('routers is removed')
})

test('what makes no sense is refused with the way out', () => {
  expect(openLabs().type('x').frame()).toContain('none is not up: u builds it')
  expect(openLabs().type('Gu').frame()).toContain('routers is up already: x removes it')
  expect(openLabs().type(`${DOWN}uu`).frame()).toContain('pets-bridge is being built: esc takes back what is built')
  expect(openLabs().type('s').frame()).toContain('select one namespace for a shell')
})

test('without privileges the screen says what is needed, at once and for each attempt', () => {
  const obstacle = 'a lab needs CAP_SYS_ADMIN: start tsnet-shoot as root'
  const session = openLabs({ obstacle })
  expect(session.frame()).toContain(obstacle)
  session.type(`${DOWN}u`)
  expect(session.frame()).toContain(obstacle)
  expect(session.effects).toEqual([])
})

test('a lab that was left half-way is marked, and the status line says what to do', () => {
  const session = openLabs({ labs: [lab('none', 'unfinished')] })
  expect(session.line('▸▲none')).toContain('broken')
  expect(session.frame()).toContain('▲ unfinished: u builds it anew, x removes it')
  expect(session.type('u').effects).toEqual([{ type: 'lab', kind: 'build', lab: 'none' }])
})

test(':lab up and :lab down take a name, which tab completes', () => {
  const session = openLabs().type(`:lab up p\t`)
  expect(session.state.prompt?.text).toBe('lab up pets-bridge')
  session.type(ENTER)
  expect(session.effects).toEqual([{ type: 'lab', kind: 'build', lab: 'pets-bridge' }])
  expect(session.frame()).toMatch(/▸ pets-bridge +building…/)
  session.type(`:lab down \t${ENTER}`)
  expect(session.frame()).toContain('remove lab routers')
  session.type(`n:lab up ptes-bridge${ENTER}`)
  expect(session.frame()).toContain('no such lab: ptes-bridge (did you mean pets-bridge')
  expect(session.type(`:lab upp${ENTER}`).frame()).toContain('lab up NAME builds one')
})

test('who quits while a lab is built is asked whether it is to be taken back', () => {
  const session = openLabs().type(`${DOWN}uq`)
  expect(session.frame()).toContain('pets-bridge is being built: take it back and quit?')
  expect(session.type('n').effects.at(-1)?.type).toBe('lab')
  expect(session.type('qy').effects.at(-1)).toEqual({ type: 'quit' })
})

test('a saved snapshot has no labs', () => {
  const session = openScreen(sampleSnapshot(), WIDE, 'saved').type(`:lab${ENTER}`)
  expect(session.frame()).toContain('this is a saved snapshot')
  session.type(`:lab up none${ENTER}`)
  expect(session.effects).toEqual([])
})
