import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { messageOf, TsnetError } from '../../errors.ts'

/** sun_path of unix(7), less the zero at its end: Node cuts a longer one off without a word. */
export const MAX_SOCKET_PATH_BYTES = 107

const OWNER_ONLY = 0o600

/**
 * Listens on a unix socket with mode 0600; makes its folder. A socket that a dead process left is replaced.
 *
 * @throws TsnetError `failed` when a live process serves it, something else is there, or the kernel refuses
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new TsnetError('usage', `socket ${path}: longer than ${MAX_SOCKET_PATH_BYTES} bytes`)
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    await removeDead(path)
    await bind(server, path)
  } catch (cause) {
    if (cause instanceof TsnetError) throw cause
    throw new TsnetError('failed', `socket ${path}: ${messageOf(cause)}`, { cause })
  }
}

async function removeDead(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw new TsnetError('failed', `socket ${path}: something else is there`)
  if (await isServed(path)) {
    throw new TsnetError('failed', `socket ${path}: another process serves it`, {
      hint: 'end it first, or choose another path with --socket',
    })
  }
  rmSync(path, { force: true })
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path, () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      // a queue that is full is one that somebody has
      else if (error.code === 'EAGAIN') resolve(true)
      else reject(error)
    })
  })
}

/** The socket must not be open to others for a moment either, so the mode comes from the umask. */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const umask = process.umask(0o777 - OWNER_ONLY)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(umask)
    }
    // a folder with a default ACL has the last word over the umask
    if (server.listening) chmodSync(path, OWNER_ONLY)
  })
}
