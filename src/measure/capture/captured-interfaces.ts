import { type CapturedNamespace, isEthernet, type OpenRing } from './captured-namespace.ts'

/** An interface that packets are captured of, and what is counted of it. */
export interface InterfaceSlot {
  /** In the order they were met: the number of its description block. */
  readonly position: number
  readonly inode: number
  readonly namespace: string
  readonly link: string
  readonly index: number
  /** `web:eth0` */
  readonly name: string
  /** What its frames begin with. */
  readonly begins: 'ethernet' | 'ip'
  /** That its packets come from; undefined as long as there were none. */
  ring?: OpenRing
  received: number
}

/** Interfaces by namespace and number, told of when they are met. */
export class CapturedInterfaces {
  readonly all: InterfaceSlot[] = []
  readonly #byNamespace = new Map<CapturedNamespace, Map<number, InterfaceSlot>>()
  readonly #onInterface: (slot: InterfaceSlot) => void

  constructor(onInterface: (slot: InterfaceSlot) => void) {
    this.#onInterface = onInterface
  }

  /** @param hardware ARPHRD_* of a frame of it, for an interface that is gone already */
  slotOf(namespace: CapturedNamespace, index: number, hardware?: number): InterfaceSlot {
    let slots = this.#byNamespace.get(namespace)
    if (slots === undefined) {
      slots = new Map()
      this.#byNamespace.set(namespace, slots)
    }
    const known = slots.get(index)
    if (known !== undefined) return known
    const slot = this.#meet(namespace, index, hardware)
    slots.set(index, slot)
    return slot
  }

  #meet(namespace: CapturedNamespace, index: number, hardware: number | undefined): InterfaceSlot {
    const link = namespace.linkOf(index)
    const name = link?.name ?? `if${index}`
    const { target, rings } = namespace
    const ring = rings.find((each) => each.link === index || each.link === 0)
    const slot: InterfaceSlot = {
      position: this.all.length,
      inode: target.inode,
      namespace: target.name,
      link: name,
      index,
      name: `${target.name}:${name}`,
      begins: isEthernet(link?.type ?? hardware ?? 1) ? 'ethernet' : 'ip',
      received: 0,
      ...(ring === undefined ? {} : { ring }),
    }
    this.all.push(slot)
    this.#onInterface(slot)
    return slot
  }
}
