import { expect, test } from 'vitest'
import type { SingleRule } from '../../../src/driver/firewall/single-rule.ts'
import { balancerRules, ingressBase, ingressRules, taskRules } from '../../../src/driver/services/service-rules.ts'

const lines = (rules: readonly SingleRule[]): string[] =>
  rules.map(
    ({ table, chain, place, words }) => `${table} ${place === 'first' ? '-I' : '-A'} ${chain} ${words.join(' ')}`,
  )

const port = { protocol: 'tcp', published: 8080, target: 80 } as const
const service = { vip: '10.0.0.3', mark: 256, balancer: '10.0.0.2', subnet: '10.0.0.0/24', backends: ['10.0.0.5'] }

test('a load balancer marks what is for the service, and sends on in its own name', () => {
  expect(lines(balancerRules({ ...service, ports: [port] }))).toEqual([
    'mangle -A PREROUTING -p tcp --dport 8080 -j MARK --set-mark 256',
    'nat -A POSTROUTING -m ipvs --ipvs -d 10.0.0.0/24 -j SNAT --to-source 10.0.0.2',
    'mangle -A INPUT -d 10.0.0.3/32 -j MARK --set-mark 256',
  ])
})

test('a host leads published ports into its ingress sandbox, as 20.10 and as 28 do', () => {
  expect(lines(ingressBase('docker28')).slice(2)).toEqual([
    'nat -I OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS',
    'nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS',
    'filter -I DOCKER-FORWARD -j DOCKER-INGRESS',
    'nat -I POSTROUTING -m addrtype --src-type LOCAL -o docker_gwbridge -j MASQUERADE',
  ])
  expect(lines(ingressBase('docker20'))).toContain('filter -I FORWARD -j DOCKER-INGRESS')
  const ingress = { gateway: '172.18.0.2', ports: [port] }
  expect(lines(ingressRules(ingress, 'docker20'))).toEqual([
    'nat -I DOCKER-INGRESS -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080',
    'filter -I DOCKER-INGRESS -m state -p tcp --sport 8080 --state ESTABLISHED,RELATED -j ACCEPT',
    'filter -I DOCKER-INGRESS -p tcp --dport 8080 -j ACCEPT',
  ])
  expect(lines(ingressRules(ingress, 'docker28'))[1]).toBe(
    'filter -I DOCKER-INGRESS -p tcp --sport 8080 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
  )
})

test('a task answers on its published ports in the ingress network, and does nothing else there', () => {
  expect(lines(taskRules('10.0.0.5', [port]))).toEqual([
    'nat -A PREROUTING -d 10.0.0.5/32 -p tcp --dport 8080 -j REDIRECT --to-port 80',
    'filter -I INPUT -d 10.0.0.5/32 -p tcp --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT',
    'filter -I OUTPUT -s 10.0.0.5/32 -p tcp --sport 80 -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    'filter -A INPUT -d 10.0.0.5/32 -p sctp -j DROP',
    'filter -A OUTPUT -s 10.0.0.5/32 -p sctp -j DROP',
    'filter -A INPUT -d 10.0.0.5/32 -p udp -j DROP',
    'filter -A OUTPUT -s 10.0.0.5/32 -p udp -j DROP',
    'filter -A INPUT -d 10.0.0.5/32 -p tcp -j DROP',
    'filter -A OUTPUT -s 10.0.0.5/32 -p tcp -j DROP',
  ])
})
