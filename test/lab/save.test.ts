import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readLab } from '../../src/lab/read-lab.ts'
import { labText } from '../../src/lab/save/lab-text.ts'
import { saveLab } from '../../src/lab/save/save-lab.ts'
import { parseSnapshot } from '../../src/model/parse.ts'
import { selectNamespace } from '../../src/model/select.ts'
import { labOf } from '../helpers/lab-text.ts'

const saved = (name: string) => {
  const text = readFileSync(new URL(`../../fixtures/snapshots/${name}.json`, import.meta.url), 'utf8')
  const snapshot = parseSnapshot(text, name)
  return saveLab(snapshot, { name: 'copy', hosts: [selectNamespace(snapshot, 'host')] })
}

describe('a lab of a saved snapshot', () => {
  test('of a Docker host has its bridges, containers, addresses and ports, and can be built', () => {
    const { file, leftOut } = saved('docker-host')
    expect(leftOut).toEqual([])
    expect(file).toEqual({
      name: 'copy',
      description: 'Saved from dockerhost at 2024-05-01T12:00:00.000Z',
      segments: { 'eth0-net': { subnet: '192.168.1.0/24', gateway: '192.168.1.1' } },
      hosts: { dockerhost: { segments: { 'eth0-net': { interface: 'eth0', address: '192.168.1.10/24' } } } },
      networks: {
        bridge: { subnet: '172.17.0.0/16', gateway: '172.17.0.1' },
        pets_net: {
          driver: 'bridge',
          subnet: '172.19.0.0/16',
          gateway: '172.19.0.1',
          options: { 'com.docker.network.bridge.name': 'br-46cf' },
        },
      },
      containers: {
        cache: { networks: { bridge: { mac_address: '02:42:ac:11:00:02' } }, workload: { kind: 'http', port: 6379 } },
        web: {
          networks: { pets_net: { ipv4_address: '172.19.0.3', mac_address: '02:42:ac:13:00:03' } },
          ports: ['8000:5000'],
          workload: { kind: 'http', port: 5000 },
        },
        db: {
          networks: { pets_net: { ipv4_address: '172.19.0.2', mac_address: '02:42:ac:13:00:02' } },
          workload: { kind: 'http', port: 8500 },
        },
      },
    })
    const text = labText(file, leftOut)
    expect(readLab('copy.yaml', text).problems).toEqual([])
    expect(labOf(text).objects.length).toBeGreaterThan(8)
  })

  test('of a hostile host is a file whose names are harmless', () => {
    const { file, leftOut } = saved('hostile')
    const names = [
      ...Object.keys(file.hosts),
      ...Object.keys(file.networks ?? {}),
      ...Object.keys(file.containers ?? {}),
    ]
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/)
    const { problems } = readLab('copy.yaml', labText(file, leftOut))
    expect(problems.map(({ message }) => message)).toEqual([
      'com.docker.network.bridge.name: "br\\"];\\\\" cannot be the name of a link',
    ])
  })
})
