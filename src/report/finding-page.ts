import type { FindingPage } from '../model/finding.ts'

/** A page of docs/findings. */
export function pageMarkdown({ id, title, symptom, why, see, fix, intended }: FindingPage): string {
  return [
    `# ${id}`,
    `${sentence(title)}`,
    `## Symptom\n\n${symptom}`,
    `## Why it happens\n\n${why}`,
    `## How to see it by hand\n\n\`\`\`sh\n${see.join('\n')}\n\`\`\``,
    `## How to fix it\n\n${fix}\n\n\`tsnet-shoot doctor --fix\` prints the commands for the case at hand.`,
    `## When it is intended\n\n${intended}`,
    'Made by `node scripts/finding-docs.mjs` from the same text that `tsnet-shoot doctor explain` prints.',
  ]
    .join('\n\n')
    .concat('\n')
}

/** The table of docs/findings/README.md. */
export function pagesIndex(pages: readonly FindingPage[]): string {
  const rows = pages.map(({ id, title }) => `| [${id}](${id}.md) | ${title} |`)
  return `# What doctor finds\n\nA page a finding, made by \`node scripts/finding-docs.mjs\`.\n\n| finding | what it means |\n|---|---|\n${rows.join('\n')}\n`
}

/** The same for a terminal. */
export function pageText({ id, title, symptom, why, see, fix, intended }: FindingPage): string {
  const parts: (readonly [string, string])[] = [
    ['symptom', symptom],
    ['why', why],
    ['see', see.join('\n')],
    ['fix', fix],
    ['intended', intended],
  ]
  return `${id}: ${title}\n\n${parts.map(([name, text]) => `${name}\n${indent(text)}`).join('\n\n')}\n`
}

function indent(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => wrap(line, 96))
    .map((line) => `  ${line}`)
    .join('\n')
}

function wrap(line: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
