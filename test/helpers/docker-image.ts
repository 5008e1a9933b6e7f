import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const APPLETS = ['sh', 'sleep', 'ip', 'ping', 'nc', 'httpd', 'wget', 'cat', 'true']

/** A root file system of Debian's busybox-static, as the tar file that `docker import` takes. */
export function buildBusyboxArchive(folder: string): string {
  const root = join(folder, 'image')
  for (const part of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev']) mkdirSync(join(root, part), { recursive: true })
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet))
  const archive = join(folder, 'image.tar')
  execFileSync('tar', ['--create', '--file', archive, '--directory', root, '.'])
  return archive
}
