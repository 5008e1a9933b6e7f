import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Where the child finds the namespace's descriptor (after stdin, stdout, stderr). */
const NAMESPACE_FD = 3

/**
 * Starts a tool in a network namespace that ends when this process does, however that ends: the kernel kills it
 * (prctl(2), PR_SET_PDEATHSIG, by `setpriv` of util-linux). It has a session of its own, so that ctrl-C on the terminal is
 * ours to pass on. stdin is closed, stdout and stderr are pipes.
 *
 * @param path that leads to the namespace; undefined = where we are
 * @throws NodeJS.ErrnoException when the namespace cannot be opened
 */
export function spawnInside(path: string | undefined, command: string, args: readonly string[]): ChildProcess {
  const fd = path === undefined ? undefined : openSync(path, 'r')
  const enter = fd === undefined ? [] : ['nsenter', `--net=/proc/self/fd/${NAMESPACE_FD}`, '--']
  try {
    return spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...enter, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', ...(fd === undefined ? [] : [fd])],
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:${SYSTEM_PATH}`, LC_ALL: 'C' },
      detached: true,
    })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
