/** Whether it is the text of a MAC address of 48 bits, as Go's net.ParseMAC takes it. */
export function isMac(text: string): boolean {
  return /^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i.test(text) || /^([0-9a-f]{4}\.){2}[0-9a-f]{4}$/i.test(text)
}
