import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TsnetError } from '../../errors.ts'
import { GoJsonError, goBool, goPointer, goString, goStruct } from './go-json.ts'

/** Where a plugin listens. */
export type PluginAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'http'; readonly url: URL; readonly tls?: ClientTls }

/** Files by path. Without an authority the server is not verified, as in engines. */
export interface ClientTls {
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly insecure: boolean
}

export interface PluginFolders {
  /** Of sockets. */
  readonly sockets: string
  /** Of .spec and .json files, the first one first. */
  readonly specs: readonly string[]
}

/** Docker's. Source: moby pkg/plugins/discovery. */
export const PLUGIN_FOLDERS: PluginFolders = {
  sockets: '/run/docker/plugins',
  specs: ['/etc/docker/plugins', '/usr/lib/docker/plugins'],
}

/**
 * The address of a plugin by its name, or by its socket's path or URL.
 *
 * @returns undefined when nothing of that name is there (yet)
 * @throws TsnetError `usage` for a URL or file that cannot be understood
 */
export function findPlugin(nameOrAddress: string, folders = PLUGIN_FOLDERS): PluginAddress | undefined {
  if (nameOrAddress.startsWith('/')) return { kind: 'unix', path: nameOrAddress }
  if (nameOrAddress.includes('://')) return parseAddress(nameOrAddress)
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(nameOrAddress)) {
    throw new TsnetError('usage', `plugin ${JSON.stringify(nameOrAddress)}: not a name, path or URL`)
  }
  const name = nameOrAddress
  const socket = [`${name}.sock`, `${name}/${name}.sock`]
    .map((path) => join(folders.sockets, path))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isSocket())
  return socket === undefined ? fromFiles(name, folders.specs) : { kind: 'unix', path: socket }
}

/** `unix:///path`, `tcp://host:port`, `http://…`, `https://…`. */
function parseAddress(text: string, tls: ClientTls = { insecure: true }): PluginAddress {
  const unix = /^unix:\/\/(\/.+)$/.exec(text)?.[1]
  if (unix !== undefined) return { kind: 'unix', path: unix }
  const scheme = /^(tcp|https?):\/\//.exec(text)?.[1]
  const url = text.replace(/^tcp:/, 'http:')
  if (scheme === undefined || !URL.canParse(url)) {
    throw new TsnetError('usage', `plugin ${text}: Unknown protocol`, {
      hint: 'unix:///path, tcp://host:port, http://… or https://…',
    })
  }
  return { kind: 'http', url: new URL(url), ...(scheme === 'https' ? { tls } : {}) }
}

function fromFiles(name: string, folders: readonly string[]): PluginAddress | undefined {
  for (const folder of folders) {
    for (const ending of ['.spec', '.json']) {
      for (const path of [join(folder, `${name}${ending}`), join(folder, name, `${name}${ending}`)]) {
        const text = textOf(path)
        if (text !== undefined) return ending === '.spec' ? parseAddress(text.trim()) : fromJson(path, text)
      }
    }
  }
  return undefined
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new TsnetError('input', `plugin file ${path}: ${messageOf(cause)}`, { cause })
  }
}

const tlsConfig = goStruct<{ CAFile: string; CertFile: string; KeyFile: string; InsecureSkipVerify: boolean }>({
  CAFile: goString,
  CertFile: goString,
  KeyFile: goString,
  InsecureSkipVerify: goBool,
})
const pluginFile = goStruct({ Addr: goString, TLSConfig: goPointer(tlsConfig) })

/** The file's own `Name` counts for nothing. */
function fromJson(path: string, text: string): PluginAddress {
  try {
    const { Addr, TLSConfig } = pluginFile(JSON.parse(text), '')
    if (TLSConfig === undefined) return parseAddress(Addr, { insecure: false })
    const { CAFile, CertFile, KeyFile, InsecureSkipVerify } = TLSConfig
    return parseAddress(Addr, {
      ...(CAFile === '' ? {} : { caFile: CAFile }),
      ...(CertFile === '' ? {} : { certFile: CertFile }),
      ...(KeyFile === '' ? {} : { keyFile: KeyFile }),
      insecure: InsecureSkipVerify || CAFile === '',
    })
  } catch (cause) {
    if (!(cause instanceof GoJsonError || cause instanceof SyntaxError)) throw cause
    throw new TsnetError('input', `plugin file ${path}: ${messageOf(cause)}`, { cause })
  }
}
