/** Keys and positions from the top of a file to a value in it. */
export type Path = readonly (string | number)[]

/** Where something stands in a file; both count from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Something in a file that cannot be, or (as a warning) that has no effect. */
export interface Problem extends Position {
  readonly severity: 'error' | 'warning'
  readonly file: string
  readonly message: string
}

/** A problem before anybody has looked up where its path stands. */
export interface Complaint {
  readonly severity: 'error' | 'warning'
  readonly path: Path
  /** The last step of the path is a key, and it is the key that is wrong, not its value. */
  readonly atKey: boolean
  readonly message: string
  /** Key that is not there, in the map that the path leads to. */
  readonly missing?: string
}

/** `pets.yaml:12:5: unknown key subnett (did you mean subnet?)`, as compilers print it and editors read it. */
export function formatProblem({ severity, file, line, column, message }: Problem): string {
  const word = severity === 'warning' ? 'warning: ' : ''
  return `${file}:${line}:${column}: ${word}${message}`
}

/** Collects complaints. */
export class Complaints {
  readonly list: Complaint[] = []

  error(path: Path, message: string): void {
    this.list.push({ severity: 'error', path, atKey: false, message })
  }

  errorAtKey(path: Path, message: string): void {
    this.list.push({ severity: 'error', path, atKey: true, message })
  }

  warning(path: Path, message: string): void {
    this.list.push({ severity: 'warning', path, atKey: false, message })
  }
}
