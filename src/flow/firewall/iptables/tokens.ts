/** The words of a rule as iptables-save quotes them; split is enough for most. */
export function tokens(text: string): string[] {
  return text.includes('"') ? quoted(text) : text.split(' ')
}

function quoted(text: string): string[] {
  const words: string[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === ' ') {
      at++
      continue
    }
    const [word, end] = text[at] === '"' ? quotation(text, at) : plain(text, at)
    words.push(word)
    at = end
  }
  return words
}

function plain(text: string, start: number): [string, number] {
  const blank = text.indexOf(' ', start)
  const end = blank < 0 ? text.length : blank
  return [text.slice(start, end), end]
}

function quotation(text: string, start: number): [string, number] {
  let word = ''
  let at = start + 1
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\') at++
    word += text[at] ?? ''
    at++
  }
  return [word, at + 1]
}

/** One option with its values, and whether `!` stood before it. */
export interface RuleOption {
  readonly name: string
  readonly values: readonly string[]
  readonly negated: boolean
  /** The extension that it belongs to: the last `-m` before it. */
  readonly module: string
}

/** `-s 10.0.0.0/8 ! -o eth0 -p tcp -m tcp --dport 80 -j ACCEPT` as its options, in order. */
export function options(text: string): RuleOption[] {
  const found: RuleOption[] = []
  let module = ''
  let negated = false
  let current: { name: string; values: string[]; negated: boolean; module: string } | undefined
  for (const word of tokens(text)) {
    if (word === '!') {
      negated = true
      current = undefined
    } else if (isOption(word) && !(current !== undefined && isPlainValue(current))) {
      current = { name: word, values: [], negated, module }
      found.push(current)
      negated = false
    } else {
      current?.values.push(word)
      if (current?.name === '-m' || current?.name === '-j' || current?.name === '-g') module = word
    }
  }
  return found
}

function isOption(word: string): boolean {
  return word.startsWith('-') && word.length > 1 && !/^-\d/.test(word)
}

/** A comment or a prefix may look like an option; it is the value that its option still waits for. */
function isPlainValue({ name, values }: { readonly name: string; readonly values: readonly string[] }): boolean {
  return values.length === 0 && TEXT_OPTIONS.has(name)
}

const TEXT_OPTIONS: ReadonlySet<string> = new Set([
  '--comment',
  '--log-prefix',
  '--nflog-prefix',
  '--string',
  '--hex-string',
])
