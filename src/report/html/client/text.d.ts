/** Text of a file for the browser; see scripts/browser-sources.mjs. */
declare module '*?text' {
  const text: string

  export { text as default }
}
