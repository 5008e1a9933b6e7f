import type { XfrmState } from '../../../src/model/snapshot.ts'

type ReadState = Pick<XfrmState, 'source' | 'destination' | 'protocol' | 'spi' | 'reqid' | 'mode'> & {
  readonly mark: number | undefined
  readonly markMask: number | undefined
}

/** What `ip xfrm state` prints, without keys and lifetimes. */
export function readXfrmStates(output: string): ReadState[] {
  return output.split(/^(?=src )/m).map((text) => {
    const mark = /^\tmark (0x\w+)\/(0x\w+)/m.exec(text)
    return {
      source: field(text, /^src (\S+)/),
      destination: field(text, /^src \S+ dst (\S+)/),
      protocol: field(text, /^\tproto (\S+)/m),
      spi: Number(field(text, /spi (0x\w+)/)),
      reqid: Number(field(text, /reqid (\d+)/)),
      mode: field(text, /mode (\S+)/),
      mark: mark === null ? undefined : Number(mark[1]),
      markMask: mark === null ? undefined : Number(mark[2]),
    }
  })
}

function field(text: string, pattern: RegExp): string {
  const value = pattern.exec(text)?.[1]
  if (value === undefined) throw new Error(`ip xfrm state: no ${pattern} in ${text}`)
  return value
}
