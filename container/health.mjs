import { accessSync, constants } from 'node:fs'

/** Of the container: what `check serve` says where a file of checks is mounted, otherwise that Node runs. */
const { TSNET_CHECKS = '', TSNET_LISTEN = '' } = process.env
const TIMEOUT_MS = 8_000

if (isReadable(TSNET_CHECKS)) {
  const response = await fetch(`http://${TSNET_LISTEN}/healthz`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  process.stdout.write(await response.text())
  process.exitCode = response.ok ? 0 : 1
}

/** @param {string} path */
function isReadable(path) {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
