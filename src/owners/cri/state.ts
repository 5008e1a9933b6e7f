import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Container } from '../../model/snapshot.ts'
import type { SurveyedContainer } from '../surveyed-container.ts'
import { asObject, asObjects, asPositive, asText, asTextMap, type JsonObject } from '../untrusted.ts'

/** containerd's own, and k3s's. */
const CONTAINERD_STATES = ['/run/containerd', '/run/k3s/containerd']

/**
 * Running containers of the CRI namespace of containerd, from the OCI bundles that it keeps under its state folder:
 * `io.containerd.runtime.v2.task/k8s.io/ID/{config.json,init.pid}`. The CRI itself speaks gRPC, for which nothing more
 * would be learnt: the annotations `io.kubernetes.cri.*` of a bundle carry the pod's and container's names.
 */
export function readCriContainers(states: readonly string[] = CONTAINERD_STATES): SurveyedContainer[] {
  const folders = states.map((state) => join(state, 'io.containerd.runtime.v2.task', 'k8s.io'))
  return folders.flatMap((folder) => listFolder(folder).flatMap((id) => readBundle(folder, id) ?? []))
}

function readBundle(folder: string, id: string): SurveyedContainer | undefined {
  try {
    const configuration = asObject(JSON.parse(readFileSync(join(folder, id, 'config.json'), 'utf8')))
    const pid = asPositive(Number(readFileSync(join(folder, id, 'init.pid'), 'utf8')))
    const sandboxKey = namespacePath(configuration)
    const annotations = asTextMap(configuration['annotations'])
    return {
      container: decodeAnnotations(id, annotations),
      sharesSandbox: annotations['io.kubernetes.cri.container-type'] === 'container',
      ...(pid === undefined ? {} : { enginePid: pid }),
      ...(sandboxKey === undefined ? {} : { sandboxKey }),
    }
  } catch {
    return undefined
  }
}

function decodeAnnotations(id: string, annotations: Readonly<Record<string, string>>): Container {
  const cri = (key: string) => annotations[`io.kubernetes.cri.${key}`]
  const podName = cri('sandbox-name')
  const pod = podName === undefined ? undefined : `${cri('sandbox-namespace') ?? 'default'}/${podName}`
  return {
    engine: 'cri',
    id,
    name: cri('container-name') ?? podName ?? id.slice(0, 12),
    image: cri('image-name') ?? '',
    state: 'running',
    ...(pod === undefined ? {} : { pod }),
    networks: [],
    ports: [],
    labels: {},
  }
}

/** Of an OCI runtime specification: where its network namespace is mounted, or `/proc/PID/ns/net` of the sandbox. */
function namespacePath(configuration: JsonObject): string | undefined {
  const namespaces = asObjects(asObject(configuration['linux'])['namespaces'])
  const path = asText(namespaces.find(({ type }) => type === 'network')?.['path'])
  return path === '' || path.startsWith('/proc/') ? undefined : path
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
