import { LONGEST_NAME } from '../../model/file/shapes.ts'

const DOCKERS_OWN: readonly string[] = ['bridge', 'host', 'none']

/** Names as a lab file takes them, each once. */
export class UniqueNames {
  readonly #taken = new Set<string>()
  readonly #networks = new Set<string>()
  readonly #known = new Map<object, string>()

  /** @param otherwise when nothing of the name can stay */
  take(name: string, otherwise: string): string {
    return takeFrom(this.#taken, name, otherwise)
  }

  /** Networks are no namespaces: their names are apart. Docker's own names are not given to others. */
  takeNetwork(name: string): string {
    return takeFrom(this.#networks, DOCKERS_OWN.includes(name) ? `${name}-net` : name, 'net')
  }

  /** The one name of something that is met several times. */
  of(thing: object, name: () => string): string {
    const known = this.#known.get(thing) ?? this.take(name(), 'container')
    this.#known.set(thing, known)
    return known
  }
}

function takeFrom(taken: Set<string>, name: string, otherwise: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  const base = plain.slice(0, LONGEST_NAME - 4) || otherwise
  let candidate = base
  for (let number = 2; taken.has(candidate); number++) candidate = `${base}-${number}`
  taken.add(candidate)
  return candidate
}
