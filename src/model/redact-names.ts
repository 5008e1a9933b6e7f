import { createHmac } from 'node:crypto'
import { recogniseLink } from './drivers.ts'

/** Names that say nothing about anybody: the kernel's, the engines' and iptables' own. */
const PUBLIC_NAMES: ReadonlySet<string> = new Set(
  `host none default bridge null ingress docker_gwbridge ingress_sbox overlay macvlan ipvlan podman lo all local
  filter nat mangle raw security broute INPUT OUTPUT FORWARD PREROUTING POSTROUTING BROUTING
  ACCEPT DROP RETURN REJECT QUEUE NFQUEUE CONTINUE GOTO DNAT SNAT MASQUERADE REDIRECT LOG NFLOG MARK CONNMARK SET CT
  NOTRACK TPROXY TCPMSS TEE CLASSIFY DSCP NETMAP AUDIT HL TTL TOS TRACE CHECKSUM CONNSECMARK SECMARK SYNPROXY
  CLUSTERIP RATEEST IDLETIMER LED TCPOPTSTRIP mark arpreply dnat snat redirect`.split(/\s+/),
)

/** Interface names that the kernel, udev and engines give: a kind and a number, or a random number. */
const PUBLIC_LINK =
  /^(?:(?:eth|wlan|usb|veth|br|bond|team|vlan|vxlan|dummy|ifb|tun|tap|wg|ppp|gre|gretap|erspan|sit|tunl|ip6tnl|ip6gre|ip_vti|ip6_vti|vti|macvlan|ipvlan|ipvtap|macvtap|geneve|nlmon|vcan|vrf)\d{1,5}|(?:en|wl|ww)(?:o\d+|s\d+(?:f\d+)?(?:d\d+)?|p\d+s\d+(?:f\d+)?(?:np?\d+)?|x[0-9a-f]{12})|veth[0-9a-f]{6,9}|ip6tnl0|erspan0)$/

const HEX_ID = /^[0-9a-f]{12,64}$/
/** Docker shows the first 12 characters of an id, and names a bridge after them. */
const SHORT_ID = 12
const HEX_IN_LINK = /^(br-|dm-)([0-9a-f]{12})$/

/** Stable pseudonyms for names, ids and MAC addresses: the same one wherever the same thing is named. */
export class NamePseudonyms {
  readonly #seed: string
  readonly #known = new Map<string, string>()

  constructor(seed: string) {
    this.#seed = seed
  }

  /** A name of anything; `n-` and 10 hex digits, which also fits an interface (15) and a chain (28). */
  name(text: string): string {
    if (text === '' || PUBLIC_NAMES.has(text)) return text
    if (HEX_ID.test(text)) return this.id(text)
    return this.#remembered(text, () => `n-${this.#hash('name', text).slice(0, 10)}`)
  }

  /** Interface names that the system gives stay; a bridge named after an id is named after its pseudonym. */
  link(text: string): string {
    if (text === '' || isPublicLink(text)) return text
    const named = HEX_IN_LINK.exec(text)
    if (named) return `${named[1]}${this.id(named[2] ?? '')}`
    return this.name(text)
  }

  /** An id of hex digits; its first 12 are the pseudonym of its first 12. */
  id(text: string): string {
    if (!HEX_ID.test(text)) return this.name(text)
    return this.#remembered(text, () => {
      const short = text.slice(0, SHORT_ID)
      const head = this.#hash('id', short).slice(0, SHORT_ID)
      return `${head}${this.#hash('id', text).slice(0, text.length - SHORT_ID)}`
    })
  }

  /** Locally administered, so that no vendor is claimed; group addresses stay, but for the bits of an address. */
  mac(text: string): string {
    const lower = text.toLowerCase()
    if (/^(?:00:00:00:00:00:00|ff:ff:ff:ff:ff:ff|01:|33:33:(?!ff:))/.test(lower)) return text
    return this.#remembered(`mac ${lower}`, () => {
      const bytes = this.#hash('mac', lower).match(/../g) ?? []
      const head = lower.startsWith('33:33:ff:') ? ['33', '33', 'ff'] : ['02']
      return [...head, ...bytes.slice(0, 6 - head.length)].join(':')
    })
  }

  #remembered(text: string, make: () => string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const pseudonym = make()
    this.#known.set(text, pseudonym)
    return pseudonym
  }

  #hash(kind: string, text: string): string {
    return createHmac('sha256', this.#seed).update(`${kind} ${text}`).digest('hex')
  }
}

function isPublicLink(name: string): boolean {
  if (PUBLIC_LINK.test(name) || PUBLIC_NAMES.has(name)) return true
  // Docker's bridges are the one recognised name with an id in it; a kind is not known in a text
  return !HEX_IN_LINK.test(name) && PUBLIC_KINDS.some((kind) => recogniseLink({ name, kind }) !== undefined)
}

const PUBLIC_KINDS = ['bridge', 'veth', 'vxlan', 'dummy', 'tun']
