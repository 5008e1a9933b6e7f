const MARK = '✖'

/** What this program printed on stderr when it failed, in one line: the message, then the way out. */
export function problemOf(said: string, status: number | string | null): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const at = lines.findIndex((line) => line.startsWith(MARK))
  const [message, hint] = (at < 0 ? lines : lines.slice(at)).map(withoutMark)
  if (message === undefined) return status === 'SIGTERM' ? 'stopped' : `it ended with ${status}`
  return hint === undefined ? message : `${message} — ${hint}`
}

/** Not by a regular expression: esbuild leaves its characters as they are, and the program is read as ASCII. */
function withoutMark(line: string): string {
  return (line.startsWith(MARK) ? line.slice(MARK.length) : line).trim()
}
