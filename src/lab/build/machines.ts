import { NetworkHost } from '../../driver/network-host.ts'
import { namespacePath } from './lab-paths.ts'

/** The namespaces of a lab that are being worked in, each opened once. */
export class Machines {
  readonly lab: string
  readonly #open = new Map<string, NetworkHost>()

  constructor(lab: string) {
    this.lab = lab
  }

  /** @throws TsnetError `vanished` when it is not there */
  get(name: string): NetworkHost {
    let machine = this.#open.get(name)
    if (machine === undefined) {
      machine = NetworkHost.open(namespacePath(this.lab, name))
      this.#open.set(name, machine)
    }
    return machine
  }

  /** The namespace of this process: what `expose` leads to. */
  get real(): NetworkHost {
    let machine = this.#open.get('')
    if (machine === undefined) {
      machine = NetworkHost.open()
      this.#open.set('', machine)
    }
    return machine
  }

  forget(name: string): void {
    this.#open.get(name)?.close()
    this.#open.delete(name)
  }

  close(): void {
    for (const machine of this.#open.values()) machine.close()
    this.#open.clear()
  }
}
