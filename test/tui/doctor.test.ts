import { describe, expect, test } from 'vitest'
import { examine } from '../../src/checks/doctor/examine.ts'
import type { HostSnapshot } from '../../src/model/snapshot.ts'
import { wantedAsks } from '../../src/tui/asks/wanted-asks.ts'
import { HOST, sampleSnapshot } from './sample.ts'
import { openScreen, type Session, USUAL } from './typing.ts'

const ENTER = '\r'

function withoutForwarding(): HostSnapshot {
  const from = sampleSnapshot()
  const namespaces = from.namespaces.map((each) =>
    each.inode === HOST ? { ...each, sysctls: { ...each.sysctls, 'net.ipv4.ip_forward': '0' } } : each,
  )
  return { ...from, namespaces }
}

function examined(snapshot = withoutForwarding(), size?: typeof USUAL): Session {
  const session = openScreen(snapshot, size)
  return session.send({ type: 'answer', kind: 'doctor', key: 'doctor #0', outcome: { value: examine([snapshot]) } })
}

describe('the doctor', () => {
  test('is asked whatever is on the screen, out of the way of all else, and again when something happened', () => {
    const session = openScreen(sampleSnapshot())
    const ask = () => wantedAsks(session.state).find(({ kind }) => kind === 'doctor')
    expect(ask()).toMatchObject({ words: ['doctor', '--json'], background: true, facts: undefined })
    const event = (kind: 'neighbour' | 'nft') => ({
      at: '',
      namespace: { inode: HOST, name: 'host' },
      kind,
      action: 'new' as const,
      text: '',
    })
    const send = (kind: 'neighbour' | 'nft') =>
      session.send({
        type: 'host',
        host: { snapshot: session.state.host.snapshot, status: 'live', events: [event(kind)] },
        nowMs: 0,
      })
    send('neighbour')
    expect(ask()?.facts).toBeUndefined()
    send('nft')
    expect(ask()?.facts).toMatchObject({ kind: 'nft' })
  })

  test('counts its findings in the title and marks the namespace at fault', () => {
    const frame = examined().frame()
    expect(frame.split('\n')[0]).toMatch(/✖ \d findings?/)
    expect(frame).toMatch(/✖ host/)
    expect(examined().line('enter: ')).toContain('✖ host does not forward')
  })

  test('shows nothing about findings before the first examination', () => {
    expect(openScreen(sampleSnapshot()).frame()).not.toContain('finding')
  })

  test('lists them worst first, with evidence whose entry enter opens, marked there as well', () => {
    const session = examined().type(`:doctor${ENTER}`)
    expect(session.frame()).toMatch(/✖▾ error +host does not forward/)
    expect(session.frame()).toMatch(/evidence +net\.ipv4\.ip_forward = 0 in host/)
    while (!/▸ +evidence +net\.ipv4\.ip_forward = 0/.test(session.frame())) session.type('j')
    expect(session.line('enter: ')).toContain('to net.ipv4.ip_forward in host')
    session.type(ENTER)
    expect(session.state.place).toMatchObject({ view: 'sysctl', scope: HOST })
    expect(session.frame()).toMatch(/▸✖net\.ipv4\.ip_forward/)
    expect(session.type('\x1b').state.place.view).toBe('doctor')
  })

  test('d explains: cause, how to see it by hand, the fix', () => {
    const session = examined().type(`:doctor${ENTER}`)
    expect(wantedAsks(session.state).some(({ kind }) => kind === 'pages')).toBe(true)
    const page = {
      id: 'ip-forward-off',
      title: '',
      symptom: 'Published ports are silent.',
      why: '',
      see: ['sysctl net.ipv4.ip_forward'],
      fix: '',
      intended: '',
    }
    session.send({ type: 'answer', kind: 'pages', key: 'pages', outcome: { value: [page] } })
    expect(wantedAsks(session.state).some(({ kind }) => kind === 'pages')).toBe(false)
    while (!/▸✖▾ error +host does not forward/.test(session.frame())) session.type('j')
    const frame = session.type('d').frame()
    expect(frame).toContain('cause')
    expect(frame).toMatch(/by hand +sysctl net\.ipv4\.ip_forward/)
    expect(frame).toContain('Published ports are silent.')
    expect(frame).toMatch(/fix\.command +sysctl -w net\.ipv4\.ip_forward=1/)
  })

  test('ctrl-z shows faults only, and everything again', () => {
    const session = examined().type('\x1a')
    expect(session.frame()).toMatch(/✖ host/)
    expect(session.frame()).not.toMatch(/● cache/)
    expect(session.frame()).toContain('faults only')
    session.type(`:links${ENTER}`)
    expect(session.frame()).not.toMatch(/br-46cf +bridge/)
    expect(session.type('\x1a').frame()).toMatch(/● cache/)
  })

  test('the same findings again change nothing, and a failed examination leaves them', () => {
    const session = examined()
    const { answer } = session.state.doctor.asked
    const outcome = { value: JSON.parse(JSON.stringify(answer)) as unknown }
    session.send({ type: 'answer', kind: 'doctor', key: 'doctor #0', outcome })
    expect(session.state.doctor.asked.answer).toBe(answer)
    session.send({ type: 'answer', kind: 'doctor', key: 'doctor #0', outcome: { problem: 'ended' } })
    expect(session.state.doctor.asked.answer).toBe(answer)
  })

  test('fits 80×24', () => {
    const lines = examined(withoutForwarding(), USUAL).type(`:doctor${ENTER}`).frame().split('\n')
    expect(lines.length).toBeLessThan(24)
    expect(lines.every((line) => line.length <= 80)).toBe(true)
  })
})
