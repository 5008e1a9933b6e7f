import { Box } from 'ink'
import { createElement } from 'react'
import type { Frame } from './frame.ts'
import type { Panel } from './paint.ts'

/** Puts the panels of a frame where they belong. */
export function App({ frame }: { readonly frame: Frame }) {
  return (
    <Box flexDirection="column">
      {frame.map((panels, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of panels is its place
        <Box key={row}>
          {panels.map((panel, column) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a panel is its place
            <PanelText key={column} {...panel} />
          ))}
        </Box>
      ))}
    </Box>
  )
}

/**
 * Ink's own text element with a fixed size, not its `<Text>`: that one is measured, and Ink remembers the size of
 * every text it ever measured, which on a screen that changes all day is a leak. Nor has Ink to colour some hundred
 * small elements: a panel is one.
 */
function PanelText({ width, height, text }: Panel) {
  const style = { width, height, flexShrink: 0, textWrap: 'truncate' }
  return createElement('ink-text', { style } as object, text)
}
