import { goAny } from '../../go-json.ts'
import { wireManifest } from '../../wire.ts'
import { Unmet } from '../check.ts'
import { need, scenario } from '../scenario.ts'

export const ACTIVATION = scenario({
  name: 'activation',
  driver: 'plugin',
  rules: {
    activate: [
      'Plugin.Activate without a body is answered with what the plugin implements',
      'the plugin cannot be used: "plugin … not found", after 15 seconds of trying',
    ],
    kinds: ['Implements names NetworkDriver or IpamDriver', '"Plugin does not implement the requested driver"'],
    again: ['a second Plugin.Activate gets the same answer', 'after a restart the engine may find another plugin'],
    'host-header': ['an empty Host header is accepted', 'engines up to 20.10.24 send one and cannot use the plugin'],
    'unknown-method': [
      'an unknown method is answered with status 404',
      'only a 404 tells a newer engine that the plugin is older; anything else is an error, or taken for success',
    ],
  },
  async talk(subject, findings) {
    const manifest = need(findings, 'activate', await subject.call('Plugin.Activate', wireManifest))
    const { Implements } = manifest
    const known = Implements.filter((kind) => kind === 'NetworkDriver' || kind === 'IpamDriver')
    if (!findings.that('kinds', known.length > 0, `it implements ${Implements.join(', ') || 'nothing'}`)) {
      throw new Unmet('the plugin is of another kind')
    }
    const again = need(findings, 'again', await subject.call('Plugin.Activate', wireManifest))
    findings.that('again', same(again.Implements, Implements), `first ${Implements}, then ${again.Implements}`)
    const bare = await subject.send('Plugin.Activate', wireManifest, '', '')
    findings.that('host-header', bare.kind === 'success', bare.kind === 'success' ? '' : bare.text)
    const unknown = await subject.call('NetworkDriver.NoSuchMethod', goAny, {})
    if (unknown.kind === 'refused' && unknown.status === 404) findings.pass('unknown-method')
    else if (unknown.kind === 'refused') findings.warn('unknown-method', `status ${unknown.status}`)
    else findings.fail('unknown-method', unknown.kind === 'success' ? 'it was answered with success' : unknown.text)
  },
})

function same(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join()
}
