import type { PacketItem } from './packet-item.ts'

/** Where packets are captured. */
export interface CaptureTarget {
  /** Inodes, or every namespace. */
  readonly namespaces: readonly number[] | 'all'
  /** Names of links; none = all of them. */
  readonly links: readonly string[]
  /** `web:eth0`, sanitised. */
  readonly title: string
}

/** Only packets of one conversation are shown. */
export interface FollowedFlow {
  /** `web:40000 ↔ db:8500 TCP`, sanitised. */
  readonly title: string
  /** Of the conversation, and what address translation makes of it. */
  readonly keys: ReadonlySet<string>
}

/** Which part of the details the keys move in. */
export type DetailFocus = 'list' | 'tree' | 'hex'

export interface PacketDetail {
  readonly focus: DetailFocus
  /** Id of the chosen layer or field, which the next packet may have as well. */
  readonly node: string
  /** First line of the bytes that is shown, when they were scrolled; else it follows the chosen field. */
  readonly hexTop: number | undefined
}

export type CaptureStatus = 'opening' | 'capturing' | 'ended'

export interface CaptureState {
  readonly target: CaptureTarget | undefined
  /** pcap-filter(7); empty = everything. */
  readonly filter: string
  /** Grows with each capture. */
  readonly turn: number
  readonly status: CaptureStatus
  /** Somebody ended it, or it ended by itself: nothing is captured until r. */
  readonly isStopped: boolean
  /** Why there are no packets, or no more of them; sanitised. */
  readonly problem: string | undefined
  /** What was said last: an interface went away; sanitised. */
  readonly note: string | undefined
  /** Oldest first. */
  readonly packets: readonly PacketItem[]
  /** What arrived since the screen was frozen. */
  readonly held: readonly PacketItem[]
  /** All that ever arrived. */
  readonly seen: number
  /** Packets that found no room in the kernel. */
  readonly dropped: number
  readonly flow: FollowedFlow | undefined
  /** The packet that is selected, taken apart. */
  readonly detail: PacketDetail | undefined
  /** Layers and fields that are not as they are at first, open or folded. */
  readonly turned: ReadonlySet<string>
}

export const NO_CAPTURE: CaptureState = {
  target: undefined,
  filter: '',
  turn: 0,
  status: 'ended',
  isStopped: true,
  problem: undefined,
  note: undefined,
  packets: [],
  held: [],
  seen: 0,
  dropped: 0,
  flow: undefined,
  detail: undefined,
  turned: new Set(),
}

/** A longer packet is cut: jumbo frames are whole, what segmentation offload makes is not. */
export const SNAPLEN = 9_216
/** Room in the kernel: of a flood more is kept than a screen can take at once. */
const BUFFER = '32M'

/** Words of the command line. Names of links are no options, whatever they begin with. */
export function captureWords({ target, filter }: CaptureState): readonly string[] {
  const { namespaces, links } = target ?? { namespaces: [], links: [] }
  return [
    'capture',
    '--json',
    '--bytes',
    `--snaplen=${SNAPLEN}`,
    `--buffer=${BUFFER}`,
    ...(namespaces === 'all' ? [] : namespaces.map((inode) => `--netns=inode:${inode}`)),
    ...links.map((link) => `--interface=${link}`),
    ...(filter === '' ? [] : [filter]),
  ]
}

/** The capture that has to run; packets of another one are nobody's. */
export interface WantedCapture {
  readonly key: number
  readonly words: readonly string[]
}

/** What happens in a capture. */
export type CaptureEvent =
  | { readonly kind: 'opening' }
  | { readonly kind: 'capturing' }
  | { readonly kind: 'packets'; readonly packets: readonly PacketItem[]; readonly seen: number }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'dropped'; readonly dropped: number }
  | { readonly kind: 'ended'; readonly problem: string | undefined }

/** A capture that is under way. */
export interface RunningCapture {
  /** Nothing when it ended as it should. */
  readonly ended: Promise<string | undefined>
  stop(): void
}

export interface CaptureListener {
  /** A packet each, without the end of the line. */
  onLines(lines: readonly string[]): void
  onEvent(event: CaptureEvent): void
}

/** Who captures. */
export interface CaptureService {
  start(words: readonly string[], listener: CaptureListener): RunningCapture
}
