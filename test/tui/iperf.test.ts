import { describe, expect, test } from 'vitest'
import { HOST, sampleSnapshot } from './sample.ts'
import { openScreen, USUAL } from './typing.ts'

const ENTER = '\r'
const [DB, WEB] = [HOST + 1, HOST + 2]

describe('iperf', () => {
  test('i offers it between the two marked namespaces, with options to type behind', () => {
    const session = openScreen(sampleSnapshot(), USUAL)
    Object.assign(session.state, { ends: [WEB, DB] })
    expect(session.type('i').frame()).toContain(':iperf web db --duration 10 █')
    session.type(`-R${ENTER}`)
    const words = ['iperf', `inode:${WEB}`, `inode:${DB}`, '--duration', '10', '-R']
    expect(session.effects).toEqual([{ type: 'run', words }])
  })

  test('without marks it says what to do, and of a saved host that it cannot', () => {
    const session = openScreen(sampleSnapshot())
    expect(session.type('i').frame()).toContain('mark two namespaces with space, or :iperf FROM TO')
    for (const text of ['iperf', 'iperf web', 'iperf -R web db']) session.type(`:${text}${ENTER}`)
    expect(session.state.notice).toMatchObject({ tone: 'error', text: expect.stringContaining('iperf FROM TO') })
    const saved = openScreen(sampleSnapshot(), USUAL, 'saved').type(`:iperf web db${ENTER}`)
    expect(saved.state.notice?.text).toContain('saved snapshot')
    expect([...session.effects, ...saved.effects]).toEqual([])
  })
})
