import {
  addXfrmPolicy,
  addXfrmState,
  deleteXfrmPolicy,
  deleteXfrmState,
  dumpXfrmPolicies,
  dumpXfrmSas,
  type NetlinkError,
  type Request,
  type XfrmPolicySpec,
  type XfrmStateSpec,
} from 'netlink-ts'
import { addRules, removeRules, type SingleRule } from '../../firewall/single-rule.ts'
import { askKernel, ERRNO, isAbsent, kernelFailure } from '../../kernel-failure.ts'
import type { NetworkHost } from '../../network-host.ts'
import { aeadKey, type OverlayKey, spiOf } from './overlay-key.ts'
import { type IdMatch, OVERLAY_MARK, overlayRules } from './overlay-rules.ts'

export interface OverlayEncryptionOptions {
  /** The address that the host is known to the others by. */
  readonly localAddress: string
  /** The same on all hosts; the first one encrypts. */
  keys(): readonly OverlayKey[]
  /** Whose rules. */
  readonly layout: 'docker20' | 'docker28'
}

const UDP = 17
const VXLAN_PORT = 4789
const AEAD = 'rfc4106(gcm(aes))'
const INTEGRITY_BITS = 64
const MARK = { value: OVERLAY_MARK, mask: 0xffff_ffff }

/** ESP between hosts for what is VXLAN of an encrypted network, as Docker's overlay driver has it done by the kernel. */
export class OverlayEncryption {
  readonly #host: NetworkHost
  readonly #options: OverlayEncryptionOptions

  constructor(host: NetworkHost, options: OverlayEncryptionOptions) {
    this.#host = host
    this.#options = options
  }

  /** The rules of networks. Repeating it adds nothing. @throws TsnetError when the kernel cannot match VXLAN ids */
  async protect(vnis: readonly number[]): Promise<void> {
    for (const vni of vnis) {
      const [first = 'bpf', second] = this.#matches()
      try {
        await addRules(this.#host, this.#rules(vni, first))
      } catch (error) {
        if (second === undefined) throw error
        await removeRules(this.#host, this.#rules(vni, first))
        await addRules(this.#host, this.#rules(vni, second))
      }
    }
  }

  /** No error for rules that are not there. */
  async unprotect(vnis: readonly number[]): Promise<void> {
    for (const vni of vnis) {
      for (const match of this.#matches()) await removeRules(this.#host, this.#rules(vni, match))
    }
  }

  /** Docker 20.10 tries u32 first, 28 knows BPF alone. */
  #matches(): readonly IdMatch[] {
    return this.#options.layout === 'docker20' ? ['u32', 'bpf'] : ['bpf']
  }

  #rules(vni: number, match: IdMatch): readonly SingleRule[] {
    return overlayRules(vni, match, this.#options.layout)
  }

  /**
   * Associations and policies for exactly these hosts: three associations from each (one a key), one to it, and the
   * policy that sends marked VXLAN there by that one. Whatever else carries our id, of an earlier time, goes.
   */
  setNodes(addresses: ReadonlySet<string>): void {
    const { xfrm } = this.#host
    const states = [...addresses].flatMap((address) => this.#statesFor(address))
    const policies = [...addresses].map((address) => this.#policyFor(address))
    const wantedStates = new Set(states.map(stateKey))
    const wantedPolicies = new Set(policies.map(policyKey))
    const presentPolicies = askKernel('list IPsec policies', () => dumpXfrmPolicies(xfrm))
      .filter(({ mark }) => mark?.value === OVERLAY_MARK)
      .map(({ selector: { source, destination }, templates: [template] }) => ({
        source,
        destination,
        spi: template?.spi ?? 0,
      }))
    const presentStates = askKernel('list IPsec associations', () => dumpXfrmSas(xfrm)).filter(
      ({ reqid }) => reqid === OVERLAY_MARK,
    )
    const staleStates = presentStates.filter((state) => !wantedStates.has(stateKey(state)))
    const stalePolicies = presentPolicies.filter((policy) => !wantedPolicies.has(presentKey(policy)))
    const haveStates = new Set(presentStates.map(stateKey))
    const havePolicies = new Set(presentPolicies.map(presentKey))
    this.#change('IPsec of encrypted overlays', [
      ...stalePolicies.map(({ source, destination }) => deleteXfrmPolicy({ ...SELECTED, source, destination })),
      ...staleStates.map((state) => deleteXfrmState({ destination: state.destination, spi: state.spi })),
      ...states.filter((state) => !haveStates.has(stateKey(state))).map(addXfrmState),
      ...policies.filter((policy) => !havePolicies.has(policyKey(policy))).map(addXfrmPolicy),
    ])
  }

  #statesFor(remote: string): readonly XfrmStateSpec[] {
    const { localAddress, keys } = this.#options
    const [primary] = keys()
    const incoming = keys().map((key) => stateOf(remote, localAddress, key))
    return primary === undefined ? incoming : [...incoming, stateOf(localAddress, remote, primary)]
  }

  #policyFor(remote: string): XfrmPolicySpec {
    const { localAddress, keys } = this.#options
    const spi = spiOf(localAddress, remote, keys()[0]?.tag ?? 0)
    const ends = { source: localAddress, destination: remote }
    return {
      ...SELECTED,
      source: `${localAddress}/32`,
      destination: `${remote}/32`,
      template: { ...ends, spi, reqid: OVERLAY_MARK, mode: 'transport' },
    }
  }

  #change(operation: string, requests: readonly Request[]): void {
    const error = this.#host.xfrm.batch([...requests]).find((each) => each !== undefined && !isDone(each))
    if (error !== undefined) throw kernelFailure(operation, error)
  }
}

const SELECTED = { direction: 'out', protocol: UDP, destinationPort: VXLAN_PORT, mark: MARK } as const

function isDone(error: NetlinkError): boolean {
  return error.errno === ERRNO.EEXIST || isAbsent(error)
}

function stateOf(source: string, destination: string, { tag, key }: OverlayKey): XfrmStateSpec {
  const spi = spiOf(source, destination, tag)
  const aead = { name: AEAD, key: aeadKey(key, spi), truncatedBits: INTEGRITY_BITS }
  return { source, destination, spi, reqid: OVERLAY_MARK, mode: 'transport', aead }
}

function stateKey({ source, destination, spi }: Pick<XfrmStateSpec, 'source' | 'destination' | 'spi'>): string {
  return `${source} ${destination} ${spi}`
}

function policyKey({ source, destination, template: { spi } }: XfrmPolicySpec): string {
  return presentKey({ source, destination, spi })
}

function presentKey(policy: { readonly source: string; readonly destination: string; readonly spi: number }): string {
  return `${policy.source} ${policy.destination} ${policy.spi}`
}
