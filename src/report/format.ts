const COUNT_UNITS = ['', 'k', 'M', 'G', 'T', 'P']

/** A count in at most four characters: `999`, `1.2k`, `34M`. */
export function formatCount(count: number): string {
  let value = count
  let unit = 0
  while (value >= 999.5 && unit < COUNT_UNITS.length - 1) {
    value /= 1_000
    unit++
  }
  if (unit === 0) return String(Math.round(value))
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}${COUNT_UNITS[unit]}`
}

/** Bytes, in powers of 1000: `1.2 kB`. */
export function formatBytes(bytes: number): string {
  const [, number = '', unit = ''] = /^([\d.]+)(\D*)$/.exec(formatCount(bytes)) ?? []
  return `${number} ${unit}B`
}

const AGES: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
]

/** Seconds as a short age: `12s`, `3m`, `5h`, `2d`. */
export function formatAge(seconds: number): string {
  const [unit, size] = AGES.find(([, length]) => seconds >= length) ?? ['s', 1]
  return `${Math.floor(seconds / size)}${unit}`
}

/** `on` or `off`; nothing for what is not known. */
export function formatSwitch(value: boolean | undefined): string {
  if (value === undefined) return ''
  return value ? 'on' : 'off'
}

/** An address with a port: IPv6 in brackets. */
export function formatEndpoint(address: string, port: number | undefined): string {
  if (port === undefined) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
