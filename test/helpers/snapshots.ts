import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseSnapshot } from '../../src/model/parse.ts'
import type { HostSnapshot, Namespace } from '../../src/model/snapshot.ts'

export function snapshotPath(name: 'docker-host' | 'hostile'): string {
  return fileURLToPath(new URL(`../../fixtures/snapshots/${name}.json`, import.meta.url))
}

/** A saved snapshot of fixtures/snapshots. */
export function snapshotFixture(name: 'docker-host' | 'hostile'): HostSnapshot {
  const path = snapshotPath(name)
  return parseSnapshot(readFileSync(path, 'utf8'), path)
}

export function namespaceNamed({ namespaces }: HostSnapshot, name: string): Namespace {
  const found = namespaces.find(({ owner }) => owner.name === name)
  if (found === undefined) throw new Error(`the fixture has no namespace ${name}`)
  return found
}
