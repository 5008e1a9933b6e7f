/** One command that the guest ran (`section` in sections.sh). */
export interface Section {
  readonly output: string
  /** Exit status. */
  readonly status: number
}

/** What a guest printed on its serial console. */
export interface Transcript {
  readonly sections: ReadonlyMap<string, Section>
  /** Exit status of the script; undefined when the guest never came to its end. */
  readonly status: number | undefined
  /** Seconds since the guest's kernel started. */
  readonly bootedAfterS: number | undefined
  readonly endedAfterS: number | undefined
}

/** Reads the marked lines of sections.sh and guest.sh out of a serial console's text. */
export function readTranscript(console: string): Transcript {
  const text = console.replaceAll('\r', '')
  const sections = new Map<string, Section>()
  for (const match of text.matchAll(/^@@begin (\S+)\n([\s\S]*?)\n@@end (\d+) \1$/gm)) {
    const [, name = '', output = '', status = ''] = match
    sections.set(name, { output: output.endsWith('\n') ? output.slice(0, -1) : output, status: Number(status) })
  }
  const start = /^@@start (\S+)$/m.exec(text)
  const exit = /^@@exit (\d+) (\S+)$/m.exec(text)
  return {
    sections,
    status: numberOf(exit?.[1]),
    bootedAfterS: numberOf(start?.[1]),
    endedAfterS: numberOf(exit?.[2]),
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}
