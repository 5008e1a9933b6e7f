import { type PlanContext, type PlannedLink, subnet4, subnet6 } from './topology-plan.ts'

/** Addresses of both families with every property that `ip addr` can give them. */
export function addressesOf(context: PlanContext, links: readonly PlannedLink[]): string[] {
  return links.flatMap((link) =>
    link.subnet === undefined ? [] : addressesOn(context, { ...link, subnet: link.subnet }),
  )
}

function addressesOn({ random, position }: PlanContext, link: PlannedLink & { readonly subnet: number }): string[] {
  const { name, subnet } = link
  const four = subnet4(position, subnet)
  const six = subnet6(position, subnet)
  const special = random.some(
    [
      `${four}.2/24 dev ${name} label ${name.slice(0, 8)}:two`,
      `${four}.3/32 dev ${name} scope ${random.pick(['link', 'host', '42'])}`,
      `${four}.4/28 dev ${name} noprefixroute`,
      `${four}.5/24 dev ${name} valid_lft 5000 preferred_lft 3000`,
      `172.16.${subnet}.1 peer 172.16.${subnet}.2/32 dev ${name}`,
      `169.254.${subnet}.1/16 dev ${name} scope link`,
      `${six}:2/128 dev ${name} noprefixroute nodad`,
      `${six}:3/64 dev ${name} valid_lft 9000 preferred_lft 0`,
      `${six}:4/64 dev ${name} home nodad`,
      `fd99::${subnet} peer fd99::${position + 1}:${subnet}/128 dev ${name} nodad`,
    ],
    0.2,
  )
  const broadcast = random.pick(['brd +', '', 'brd 255.255.255.255'])
  const plain = [`${four}.1/24 ${broadcast} dev ${name}`, `${six}:1/64 dev ${name} nodad`]
  return [...plain, ...special].map((words) => `addr add ${words}`)
}
