import koffi from 'koffi'
import { TsnetError } from '../../errors.ts'
import type { BpfProgram } from './bpf.ts'

/** pcap/dlt.h */
export const DLT = { EN10MB: 1, RAW: 12 } as const

const NAMES = ['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.so']
const NETMASK_UNKNOWN = 0xffff_ffff
/** struct bpf_program: unsigned int, then a pointer (pcap/bpf.h). */
const PROGRAM_BYTES = 16
const MOST_INSTRUCTIONS = 4_096
const SNAPLEN = 0x4_0000

interface Libpcap {
  readonly openDead: (link: number, snaplen: number) => unknown
  readonly compile: (handle: unknown, program: unknown, text: string, optimise: number, netmask: number) => number
  readonly error: (handle: unknown) => string
  readonly free: (program: unknown) => void
  readonly close: (handle: unknown) => void
}

let loaded: Libpcap | undefined

/** Loaded at first use: nobody needs libpcap who names no filter. */
function libpcap(): Libpcap {
  loaded ??= declare(load())
  return loaded
}

function load(): ReturnType<typeof koffi.load> {
  let cause: unknown
  for (const name of NAMES) {
    try {
      return koffi.load(name)
    } catch (error) {
      cause = error
    }
  }
  throw new TsnetError('unsupported', 'filter: libpcap cannot be loaded', {
    cause,
    hint: 'install the package libpcap0.8',
  })
}

function declare(library: ReturnType<typeof koffi.load>): Libpcap {
  const declared = (prototype: string) => library.func(prototype) as unknown
  return {
    openDead: declared('void *pcap_open_dead(int, int)') as Libpcap['openDead'],
    compile: declared('int pcap_compile(void *, void *, const char *, int, uint32_t)') as Libpcap['compile'],
    error: declared('const char *pcap_geterr(void *)') as Libpcap['error'],
    free: declared('void pcap_freecode(void *)') as Libpcap['free'],
    close: declared('void pcap_close(void *)') as Libpcap['close'],
  }
}

/**
 * Compiles an expression of pcap-filter(7) for frames of a link type.
 *
 * @throws TsnetError `usage` with libpcap's own words, `unsupported` without libpcap
 */
export function compileFilter(text: string, link: number = DLT.EN10MB): BpfProgram {
  const { openDead, compile, error, free, close } = libpcap()
  const handle = openDead(link, SNAPLEN)
  const program = koffi.alloc('uint8_t', PROGRAM_BYTES)
  const view = new DataView(koffi.view(program, PROGRAM_BYTES))
  try {
    if (compile(handle, program, text, 1, NETMASK_UNKNOWN) !== 0) {
      throw new TsnetError('usage', `filter ${text}: ${error(handle)}`, {
        hint: 'as tcpdump takes it, see pcap-filter(7)',
      })
    }
    return { instructions: copyOf(view) }
  } finally {
    if (view.getUint32(0, true) > 0) free(program)
    close(handle)
    koffi.free(program)
  }
}

function copyOf(view: DataView): Uint8Array {
  const length = view.getUint32(0, true)
  if (length > MOST_INSTRUCTIONS) throw new TsnetError('usage', `filter: ${length} instructions are too many`)
  const instructions = koffi.decode(view.getBigUint64(8, true), koffi.array('uint8_t', length * 8, 'Typed'))
  return Uint8Array.from(instructions as Uint8Array)
}
