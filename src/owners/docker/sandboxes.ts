import { basename, dirname } from 'node:path'
import { netnsNameOf } from '../../kernel/namespaces.ts'
import type { Network, Owner } from '../../model/snapshot.ts'

/**
 * What Docker keeps in `EXEC-ROOT/netns` besides the containers' sandboxes (12 hexadecimal digits), by the names that
 * libnetwork gives: `ingress_sbox`, `lb_` and the first 9 of a network id, and `EPOCH-` and the first 10 for an overlay.
 */
export function sandboxOwner(path: string, networks: readonly Network[]): Owner | undefined {
  if (!isDockerFolder(path)) return undefined
  const name = basename(path)
  if (name === 'ingress_sbox') {
    return {
      kind: 'docker-sandbox',
      name,
      sandbox: 'ingress',
      ...served(networks.find(({ ingress }) => ingress === true)),
    }
  }
  const balancer = /^lb_([0-9a-z]{9})$/.exec(name)?.[1]
  if (balancer !== undefined) {
    return { kind: 'docker-sandbox', name, sandbox: 'load-balancer', ...served(startingWith(networks, balancer)) }
  }
  const overlay = /^\d+-([0-9a-z]{10})$/.exec(name)?.[1]
  if (overlay === undefined) return undefined
  return { kind: 'docker-sandbox', name, sandbox: 'overlay', ...served(startingWith(networks, overlay)) }
}

/** A container's sandbox that no engine explains: Docker's id of the sandbox is all there is to call it. */
export function unexplainedSandbox(path: string): Owner | undefined {
  const name = basename(path)
  return isDockerFolder(path) && /^[0-9a-f]{12}$/.test(name) ? { kind: 'docker', name } : undefined
}

/** The namespace that an engine itself runs in, which it keeps for `--net host`: no sandbox, and no name for it. */
export function isEngineHost(path: string): boolean {
  return isDockerFolder(path) && basename(path) === 'default'
}

/** The exec root may be anywhere; only its last part is fixed. */
function isDockerFolder(path: string): boolean {
  return netnsNameOf(path) === undefined && basename(dirname(path)) === 'netns'
}

function startingWith(networks: readonly Network[], prefix: string): Network | undefined {
  return networks.find(({ id }) => id.startsWith(prefix))
}

function served(network: Network | undefined): Pick<Owner, 'networkId' | 'networkName'> {
  return network === undefined ? {} : { networkId: network.id, networkName: network.name }
}
