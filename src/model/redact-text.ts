import { recogniseChain } from './drivers.ts'
import type { AddressPseudonyms } from './redact-address.ts'
import type { NamePseudonyms } from './redact-names.ts'
import { isRuleWord } from './redact-words.ts'

export interface Pseudonyms {
  readonly addresses: AddressPseudonyms
  readonly names: NamePseudonyms
}

const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i
const BRIDGE_ID = /^([0-9a-f]{1,4}\.)([0-9a-f]{12})$/i
/** Counts, ports, marks, ranges of them, rates: `80`, `1024:65535`, `0x1/0xff`, `3/min`. */
const NUMBER =
  /^[+-]?(?:0x[0-9a-f]+|\d+)(?:[:/.-](?:0x[0-9a-f]+|\d+))*(?:\/(?:s|sec|second|m|min|minute|h|hour|d|day|week))?$/i
const UNITS = /^\d+(?:[smhd]|ms|kbytes|mbytes|bytes|b|kb|mb)+(?:\/\w{1,6})?$/
const OPTION = /^--?[a-z][a-z0-9-]*$/i
/** Quoted text, white space and the signs between words. */
const PIECES = /("(?:\\.|[^"\\])*"?|\s+|[{}(),=@|<>]|!(?=\s))/

/**
 * A text in the language of iptables, nft or ipset with pseudonyms for addresses and names. Words that do not belong to
 * the language are taken for names, and so is everything in quotes.
 */
export function redactRuleText(text: string, pseudonyms: Pseudonyms): string {
  const pieces = text.split(PIECES)
  return pieces
    .map((piece, position) => {
      if (piece.startsWith('"')) return quoted(piece, pseudonyms)
      const isSeparator = position % 2 === 1
      if (piece === '' || isSeparator) return piece
      // what follows is what a person wrote, even if it looks like an option or a number
      const isFreeText = /^--(?:comment|log-prefix|nflog-prefix|string|hex-string)$/.test(pieces[position - 2] ?? '')
      return isFreeText ? pseudonyms.names.name(piece) : redactWord(piece, pseudonyms)
    })
    .join('')
}

/** One word: an address in any of its forms, a number, a word of the language, or a name. */
export function redactWord(word: string, pseudonyms: Pseudonyms): string {
  if (isRuleWord(word) || OPTION.test(word)) return word
  const place = redactPlace(word, pseudonyms)
  if (place !== undefined) return place
  if (NUMBER.test(word) || UNITS.test(word)) return word
  if (recogniseChain({ backend: 'legacy', table: '', chain: word }) !== undefined) return redactChain(word, pseudonyms)
  const sign = /^([!*@]?)(.*?)([+*;:]?)$/s.exec(word)
  const name = sign?.[2] ?? word
  return `${sign?.[1] ?? ''}${isRuleWord(name) ? name : pseudonyms.names.link(name)}${sign?.[3] ?? ''}`
}

/**
 * Chains and nft tables of engines keep their names; what comes after a last `-` in upper case may stand for a
 * service, which is a hash already.
 */
export function redactChain(name: string, { names }: Pseudonyms): string {
  const known = recogniseChain({ backend: 'nft', table: name, chain: name }) !== undefined
  return known && /^(?:cali-|[A-Z][A-Z0-9_-]*$|docker-bridges$|kube-proxy$|netavark$|firewalld$)/.test(name)
    ? name
    : names.name(name)
}

/**
 * Addresses, prefixes, `ADDRESS:PORT`, `[ADDRESS]:PORT`, `ADDRESS-ADDRESS`, `ADDRESS%LINK`, MAC addresses and bridge ids;
 * undefined for anything else.
 */
export function redactPlace(word: string, { addresses, names }: Pseudonyms): string | undefined {
  if (MAC.test(word)) return names.mac(word)
  const bridge = BRIDGE_ID.exec(word)
  if (bridge) {
    const mac = (bridge[2] ?? '').replace(/..(?!$)/g, '$&:')
    return `${bridge[1]}${names.mac(mac).replaceAll(':', '')}`
  }
  const whole = addresses.replace(word)
  if (whole !== undefined) return whole
  const forms = /^(\[?)([0-9a-f.:]+)(\]?)(%[^\s:\]]+)?((?::|-)[\d.a-f:-]*)?$/i.exec(word)
  return forms ? compound(forms, { addresses, names }) : undefined
}

function compound(forms: RegExpExecArray, { addresses, names }: Pseudonyms): string | undefined {
  const [word, open = '', , , zone = ''] = forms
  if (open === '[') return bracketed(word, { addresses, names })
  if (zone !== '') {
    const [address = '', link = ''] = word.split('%')
    const replaced = addresses.replace(address)
    return replaced === undefined ? undefined : `${replaced}%${names.link(link)}`
  }
  // 10.0.0.1:80, 10.0.0.1-10.0.0.9, 10.0.0.1:80-90, fd00::1-fd00::9
  const range = word.split('-')
  const parts = range.map((part) => endpoint(part, addresses))
  return parts[0] === undefined ? undefined : parts.map((part, position) => part ?? range[position]).join('-')
}

function endpoint(part: string, addresses: AddressPseudonyms): string | undefined {
  const whole = addresses.replace(part)
  if (whole !== undefined) return whole
  const [, address = '', port = ''] = /^([\d.]+)(:\d*)$/.exec(part) ?? []
  const replaced = addresses.replace(address)
  return replaced === undefined ? undefined : `${replaced}${port}`
}

function bracketed(word: string, { addresses }: Pseudonyms): string | undefined {
  const [, address = '', rest = ''] = /^\[([0-9a-f.:]+)\](.*)$/i.exec(word) ?? []
  const replaced = addresses.replace(address)
  return replaced === undefined ? undefined : `[${replaced}]${/^[\d:-]*$/.test(rest) ? rest : ''}`
}

function quoted(piece: string, { names }: Pseudonyms): string {
  const content = piece.replace(/^"|(?<!\\)"$/g, '').replace(/\\(.)/gs, '$1')
  return `"${names.link(content)}"`
}
