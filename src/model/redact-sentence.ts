import { type Pseudonyms, redactPlace, redactWord } from './redact-text.ts'

/** Parts of paths that are the system's; numbers are pids and descriptors. */
const PUBLIC_PART = new Set(
  `proc self thread-self task ns net run var etc usr lib sys mnt netns docker podman containerd crio systemd resolve fd
  root host tmp docker.sock podman.sock containerd.sock crio.sock resolv.conf stub-resolv.conf of pid ip_tables_names
  ip6_tables_names arp_tables_names`.split(/\s+/),
)

/** Words of this program's own explanations. A reason may quote a tool or an engine: any other word may be a name. */
const PLAIN_WORDS = new Set(
  `a an the is are was were not no of in on to for and or with without by as it its this that these from at be has have
  needs need cannot can could may run only other another there here now gone more than all some any what which who
  answer answers answered namespace namespaces user users process processes firewall link links route routes rule rules
  socket sockets container containers network networks address addresses neighbour neighbours docker podman containerd
  cri engine kernel module missing lacks lacking found file files descriptor descriptors permission denied operation
  permitted supported unsupported installed install package exit status deadline within end ends failed refused
  connection timeout timed out nft iptables ip6tables ipset ipvs xfrm conntrack sysctl dns hidden unreadable unknown such
  read seen visible unseen output bytes interrupted leads nsenter capability root kernel's`.split(/\s+/),
)
const CONSTANT = /^(?:[A-Z][A-Z0-9]{1,11}_[A-Z0-9_]{1,30}|E[A-Z]{3,14})$/
const TOOL = /^(?:ip6?|eb|arp)tables-(?:nft-|legacy-)?save$/

/** A sentence about what could not be read. */
export function redactSentence(text: string, pseudonyms: Pseudonyms): string {
  return text.replace(/[^\s,;()"'`]+/g, (word) => redactSentenceWord(word, pseudonyms))
}

/** A path of the file system; parts that are not the system's are taken for names. */
export function redactPath(text: string, { names }: Pseudonyms): string {
  return text.replace(/[^/\s,]+/g, (part) =>
    PUBLIC_PART.has(part) || /^\d{1,10}$/.test(part) ? part : names.name(part),
  )
}

function redactSentenceWord(word: string, pseudonyms: Pseudonyms): string {
  const [, body = '', end = ''] = /^(.*?)([.:]?)$/s.exec(word) ?? []
  if (PLAIN_WORDS.has(body.toLowerCase()) || CONSTANT.test(body) || TOOL.test(body)) return word
  const isPath = body.includes('/') && redactPlace(body, pseudonyms) === undefined
  return `${isPath ? redactPath(body, pseudonyms) : redactWord(body, pseudonyms)}${end}`
}
